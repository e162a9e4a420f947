"""The emulated payment gateway itself, where tests of payments rest on it: what the customer's browser and the shop get.
The signatures are held against notification_test's vectors by the server's own tests."""
import hashlib
import html
import queue
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest
import requests

from processes import LIMIT


@pytest.fixture
def shop():
    """A shop that takes every form that is posted to it: shop.forms.get() gives (path, fields)."""

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server.forms.put((self.path, dict(parse_qsl(body, keep_blank_values=True))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Shop)
    server.forms, server.url = queue.Queue(), f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def session_fields(gateway, shop, tran_id="t1", **changed):
    return {"store_id": gateway.store_id, "store_passwd": gateway.password, "total_amount": "1250.00",
            "currency": "BDT", "tran_id": tran_id, "product_category": "Tutoring", "product_name": "Algebra",
            "product_profile": "non-physical-goods", "shipping_method": "NO", "num_of_item": "1",
            "success_url": shop.url + "/success", "fail_url": shop.url + "/fail", "cancel_url": shop.url + "/cancel",
            "ipn_url": shop.url + "/ipn", "cus_name": "A", "cus_email": "a@example.com", "cus_add1": "Road 1",
            "cus_city": "Dhaka", "cus_postcode": "1205", "cus_country": "Bangladesh", "cus_phone": "01711000000",
            **changed}


def open_session(gateway, fields, **how):
    return requests.post(f"{gateway.url}/gwprocess/v4/api.php", timeout=LIMIT, **(how or {"data": fields}))


def signature(fields, password):
    named = {name: fields[name] for name in fields["verify_key"].split(",")}
    named["store_passwd"] = hashlib.md5(password.encode()).hexdigest()
    return hashlib.md5("&".join(f"{name}={named[name]}" for name in sorted(named)).encode()).hexdigest()


def test_every_answer_says_that_it_is_an_emulators(gateway, shop):
    fields = session_fields(gateway, shop)
    for reply in (open_session(gateway, fields), requests.get(f"{gateway.url}/nothing", timeout=LIMIT),
                  requests.get(f"{gateway.url}/emulator/log", timeout=LIMIT)):
        assert "not the gateway" in reply.headers["X-Emulator"]


@pytest.mark.parametrize("outcome, path, status", [("pay", "/success", "VALID"), ("fail", "/fail", "FAILED"),
                                                   ("cancel", "/cancel", "CANCELLED")])
def test_customers_page_notifies_the_shop_and_sends_the_browser_back(gateway, shop, outcome, path, status):
    page = open_session(gateway, session_fields(gateway, shop)).json()["GatewayPageURL"]
    assert "no money moves" in requests.get(page, timeout=LIMIT).text
    back = requests.post(page, data={"outcome": outcome}, timeout=LIMIT).text
    where, fields = shop.forms.get(timeout=LIMIT)
    assert where == "/ipn"
    assert (fields["status"], fields["tran_id"], fields["amount"]) == (status, "t1", "1250.00")
    assert fields["verify_sign"] == signature(fields, gateway.password)
    assert html.unescape(re.search(r'action="([^"]*)"', back).group(1)) == shop.url + path
    posted = {html.unescape(name): html.unescape(value)
              for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', back)}
    assert posted == fields


def test_what_the_gateway_refuses_is_refused_as_it_does(gateway, shop):
    fields = session_fields(gateway, shop)
    for wrong in ({"store_passwd": "x"}, {"cus_city": " "}, {"total_amount": "9.99"}, {"total_amount": "500000.01"},
                  {"total_amount": "x"}, {"tran_id": "x" * 31}):
        reply = open_session(gateway, {**fields, **wrong})
        assert (reply.status_code, reply.json()["status"]) == (200, "FAILED"), wrong
    multipart = open_session(gateway, fields, files={name: (None, value) for name, value in fields.items()})
    assert multipart.json()["failedreason"] == "Store Credential Error Or Store is De-active"
    assert gateway.sessions() == {}


def test_notifications_are_repeated_forged_and_withheld_on_demand(gateway, shop):
    open_session(gateway, session_fields(gateway, shop))
    gateway.settings(suppress_ipn=True)
    gateway.pay("t1")
    assert shop.forms.empty()
    gateway.settings(suppress_ipn=False, ipn_copies=2)
    gateway.notify("t1")
    assert shop.forms.get(timeout=LIMIT) == shop.forms.get(timeout=LIMIT)
    gateway.settings(ipn_copies=1)
    gateway.notify("t1", signature="stale", amount="1.00")
    _, forged = shop.forms.get(timeout=LIMIT)
    assert forged["amount"] == "1.00"
    assert forged["verify_sign"] != signature(forged, gateway.password)
    assert [each["answer"] for each in gateway.ask("notified")] == [200, 200, 200]


def test_passwords_stand_in_no_log(gateway, shop):
    open_session(gateway, session_fields(gateway, shop))
    assert gateway.password not in str(gateway.ask("log"))
    assert len(gateway.calls("session")) == 1
