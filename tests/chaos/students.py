"""Students who pay through the gateway while the shop's processes die, and what each saw.

Whoever gets no answer to a start repeats it under its Idempotency-Key, through any node. What is acknowledged (a 202, a
notification that was answered, a page or a reply that says what became of the payment) must show in the lists of both
parties, on every node, at once: one thread does all that is done about a booking, so each of these has one right answer.
"""
import contextlib
import dataclasses
import http.client
import json
import re
import threading
import time
import uuid

import requests

from checker import Client

CUSTOMER = {"phone": "01711000000", "address": "Road 1", "city": "Dhaka", "postcode": "1205", "country": "Bangladesh"}
OUTCOMES = {"pay": ("paid", "paid"), "fail": ("failed", "unpaid"), "cancel": ("cancelled", "unpaid")}  # payment, booking
ON_PAGE = {"has arrived": "paid", "failed": "failed", "was cancelled": "cancelled"}
LIMIT = 200  # seconds for one step of a payment: the longest is an attempt whose worker was killed


@dataclasses.dataclass
class Payment:
    id: str
    booking: str
    outcome: str = ""
    told: str = ""    # how the shop got to know: by the gateway, by the test at some node, or not at all
    paged: float = 0  # seconds until the page was there
    ended: str = ""   # its last status, as it was shown


class Account:
    """What all students saw. Thread-safe."""

    def __init__(self):
        self.lock = threading.Lock()
        self.payments, self.errors = [], []
        self.lost = self.repeated = self.lists = self.hits = self.unanswered = 0

    def add(self, **counts):
        with self.lock:
            for name, value in counts.items():
                setattr(self, name, getattr(self, name) + value)

    def fault(self, text):
        with self.lock:
            self.errors.append(text)


class Student:
    """One booking of somebody's, by one thread."""

    def __init__(self, shop, account, parties, booking, dice):
        self.shop, self.account, self.parties, self.booking, self.dice = shop, account, parties, booking, dice
        self.client = Client()

    def run(self):
        try:
            payment = self.pay_once(self.dice.choices(list(OUTCOMES), (6, 2, 2))[0])
            if payment.ended in ("failed", "cancelled") and self.dice.random() < 0.5:
                self.pay_once("pay")
        except Exception as error:  # noqa: BLE001: a broken student must not look like a quiet one
            self.account.fault(f"booking {self.booking}: {error!r}")
        finally:
            self.client.close()

    def pay_once(self, outcome):
        payment = self.start()
        self.hold("pending", payment, "202")
        began = time.monotonic()
        shown = self.wait_while(payment, "queued")
        payment.paged = time.monotonic() - began
        assert shown["status"] == "initiated", shown
        payment.outcome = outcome
        status, booking = OUTCOMES[outcome]
        session = re.search(r"session=(\w+)", shown["gatewayUrl"]).group(1)
        said = self.at_the_gateway(payment, session)
        if said is not None:
            assert said == status, f"was told {said} after {outcome}"
            self.hold(booking, payment, payment.told)
        else:
            self.shop.make_due(payment.id)
        payment.ended = self.wait_while(payment, "initiated")["status"]
        assert payment.ended == status, f"{payment.ended} after {outcome}"
        self.hold(booking, payment, "the reply of the payment")
        return payment

    def start(self):
        key, body = uuid.uuid4().hex, {"bookingId": self.booking, "customer": CUSTOMER}
        payment, end = None, time.monotonic() + LIMIT
        # Some ask once more though they were answered.
        while payment is None or self.dice.random() < 0.2:
            assert time.monotonic() < end, "the start was not acknowledged"
            request = ("POST", "/api/payments/init", "student", body, {"Idempotency-Key": key})
            reply = self.hang_up(*request) if self.dice.random() < 0.15 else self.ask(*request)
            if reply is None:
                self.account.add(lost=1)
                time.sleep(self.dice.uniform(0.05, 0.3))
                continue
            assert reply[0] == 202, reply
            made = reply[2]["data"]
            if payment is None:
                payment = Payment(made["id"], self.booking)
                with self.account.lock:
                    self.account.payments.append(payment)
            else:
                self.account.add(repeated=1)
            assert made["id"] == payment.id, "a repetition made another payment"
        return payment

    def at_the_gateway(self, payment, session):
        """Pays, and lets the shop know in one of several ways; returns the status that it acknowledged, or None."""
        payment.told = self.dice.choices(("by the gateway", "at another node", "not at all"), (4, 4, 3))[0]
        copies = self.dice.choice((1, 1, 2)) if payment.told == "by the gateway" else 0
        with requests.Session() as browser:
            browser.trust_env = False
            reply = browser.post(f"{self.shop.gateway.url}/emulator/pay", timeout=60, json={
                "session": session, "outcome": payment.outcome, "ipn_copies": copies})
            assert reply.status_code == 200, reply.text
            told = reply.json()
            if payment.told == "by the gateway":
                assert set(told["answers"]) - {200, 503} == {each for each in told["answers"] if isinstance(each, str)}, told
                if 200 in told["answers"]:
                    return OUTCOMES[payment.outcome][0]
                return self.come_back(browser, told)
            if payment.told == "at another node":
                for _ in range(self.dice.choice((2, 3))):
                    said = self.notify(browser, told["fields"])
                    if said:
                        return said
            return None

    def come_back(self, browser, told):
        """The customer's browser brings the same form along."""
        with contextlib.suppress(requests.RequestException):
            page = browser.post(told["url"], data=told["fields"], timeout=30)
            assert page.status_code == 200, page.text
            return next((status for words, status in ON_PAGE.items() if words in page.text), None)
        return None

    def notify(self, browser, form):
        node = self.dice.choice(self.shop.nodes)
        with contextlib.suppress(requests.RequestException):
            reply = browser.post(f"http://127.0.0.1:{node.port}/api/payments/sslcommerz/ipn", data=form, timeout=30)
            assert reply.status_code in (200, 503), reply.text
            if reply.status_code == 200:
                return reply.json()["data"]["status"]
        return None

    def wait_while(self, payment, status):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            reply = self.ask("GET", f"/api/payments/{payment.id}?wait=10&while={status}", "student")
            if reply is None:
                time.sleep(0.1)
                continue
            assert reply[0] == 200, reply
            if reply[2]["data"]["status"] != status:
                return reply[2]["data"]
        raise AssertionError(f"payment {payment.id} was still {status} after {LIMIT} s")

    def ask(self, method, path, who, body=None, headers=None):
        """None where there was no answer, or one that says no more than to ask again."""
        reply = self.client.request(self.dice.choice(self.shop.nodes), method, path, self.parties[who]["token"], body, headers)
        if reply is None or reply[0] == 503:
            return None
        is_first_under_way = reply[0] == 409 and reply[2]["error"]["code"] == "in_progress"
        return None if is_first_under_way else reply

    def hang_up(self, method, path, who, body, headers):
        """Asks, and is gone before there can be an answer."""
        node = self.dice.choice(self.shop.nodes)
        gone = http.client.HTTPConnection("127.0.0.1", node.port, timeout=5)
        with contextlib.closing(gone), contextlib.suppress(OSError):
            gone.request(method, path, json.dumps(body), {"Content-Type": "application/json", **headers,
                                                          "Authorization": f"Bearer {self.parties[who]['token']}"})

    def hold(self, wanted, payment, after):
        """What was acknowledged is in both parties' lists, on each node that answers."""
        for node in self.shop.nodes:
            for who in ("student", "teacher"):
                reply = self.client.request(node, "GET", "/api/bookings?limit=100", self.parties[who]["token"])
                if reply is None or reply[0] == 503:
                    self.account.add(unanswered=1)
                    continue
                shown = {row["id"]: row["paymentStatus"] for row in reply[2]["data"]}.get(self.booking)
                self.account.add(lists=1, hits=reply[1]["X-Cache"] == "HIT")
                if shown != wanted:
                    self.account.fault(f"{node.name} answered {reply[1]['X-Cache']} for the {who}'s list: {shown} where {wanted} was "
                                       f"acknowledged by {after}, payment {payment.id}")
