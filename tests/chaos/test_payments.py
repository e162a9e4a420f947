"""No payment is lost, whatever dies: web nodes, workers, Redis and what is in it, answers of the gateway and its notifications.
At the end each payment is accounted for: with the students, in the store, in the queue and at the gateway."""
import collections
import os
import random
import threading
import time

import pytest

from checker import User
from cluster import lasting
from fixtures import needs_a_file
from gate import Gate
from processes import until
from run import SEED
from shop import Shop
from students import CUSTOMER, Account, Student

SECONDS = max(20.0, float(os.environ.get("CHAOS_SECONDS") or 0) / 10)  # in which payments are begun, and processes killed
PAYMENTS = int(4 * SECONDS)
BOOKINGS = 10  # of one student and teacher
# A job whose worker died in mid-call is another worker's once its lock (30 s) is gone and somebody has looked (each 30 s); but
# its attempt may still be under way for all that anybody knows, until a minute is over. Then it may have to wait for its turn.
AFTER_A_DEATH = 100

pytestmark = needs_a_file


@pytest.fixture
def shop(tmp_path, gateway):
    begun = []

    def begin(**options):
        begun.append(Shop(tmp_path, gateway, **options))
        return begun[-1]

    yield begin
    for each in begun:
        each.stop()


def with_workers(shop):
    return [shop.add_node("serve", "--without-jobs") for _ in range(2)] + [shop.add_worker() for _ in range(2)]


def with_jobs_of_their_own(shop):
    return [shop.add_node() for _ in range(2)]


def some_of_each(shop):
    return [shop.add_node(), shop.add_node("serve", "--without-jobs"), shop.add_worker()]


SHOPS = {"workers": (with_workers, True), "nodes": (with_jobs_of_their_own, True), "no Redis": (some_of_each, False)}


def bookings_of(node, count):
    """[(parties, booking's id)] of accepted bookings."""
    made = []
    for at in range(count):
        if at % BOOKINGS == 0:
            user = User(node.server)
        reply = node.server.book(user.student, {"id": user.gig}, f"2030-01-15T{at % BOOKINGS:02}:00:00Z")
        booking = reply.json()["data"]["id"]
        reply = node.server.put(f"/api/bookings/{booking}/status", user.teacher["token"], json={"status": "accepted"})
        assert reply.status_code == 200, reply.text
        made.append(({"student": user.student, "teacher": user.teacher}, booking))
    return made


class Trouble:
    """Kills, empties and cuts at random, and lets the gateway answer badly, until it is stopped."""

    def __init__(self, shop, dice):
        self.shop, self.dice, self.done = shop, dice, collections.Counter()

    def last(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(self.dice.choice((1, 2))):
                self.gateway_fault()
            what = self.dice.choices((self.kill, self.flush, self.kill_redis, self.cut), (5, 1, 1, 1) if self.shop.redis else (1, 0, 0, 0))[0]
            what()
            self.done[what.__name__] += 1
            lasting(self.dice.uniform(0.3, 1.2))

    def gateway_fault(self):
        operation = self.dice.choices(("session", "validation", "query"), (4, 1, 1))[0]
        how = self.dice.choice(("reset", "close", "truncated", "html", "error500", "not_json", "hang"))
        self.shop.gateway.fault(how, operation, when=self.dice.choice(("before", "after")), seconds=self.dice.uniform(1, 3))
        self.done["fault"] += 1

    def kill(self):
        place = self.dice.choice(self.shop.places())
        place.kill()
        place.start()

    def flush(self):
        self.shop.redis.client.flushall()

    def kill_redis(self):
        self.shop.redis.kill()
        lasting(self.dice.uniform(0, 0.5))
        self.shop.redis.start()

    def cut(self):
        self.shop.cut_clients()


def run_students(shop, bookings, account, dice):
    """Starts a thread for each booking, at random times within SECONDS, under trouble; returns that trouble at the end."""
    trouble = Trouble(shop, random.Random(dice.random()))
    students = [Student(shop, account, parties, booking, random.Random(dice.random())) for parties, booking in bookings]
    threads = [threading.Timer(dice.uniform(0, SECONDS), each.run) for each in students]
    for thread in threads:
        thread.daemon = True
        thread.start()
    trouble.last(SECONDS)
    for thread in threads:
        thread.join(timeout=600)
        assert not thread.is_alive(), "a student hangs"
    return trouble


def hold_store(shop, account):
    """What the students were told, the store and the gateway say the same of each payment."""
    stored, opened = shop.payments(), shop.gateway.sessions()
    took_money = {each["tran_id"] for each in shop.gateway.ask("transactions") if each["status"] in ("VALID", "VALIDATED")}
    assert sorted(stored) == sorted(each.id for each in account.payments), "a payment was lost, or nobody knows of it"
    assert max(opened.values()) == 1, "a session was asked for again under its transaction id"
    for payment in account.payments:
        row = stored[payment.id]
        sessions = [name for name in opened if name.startswith(payment.id + "-")]
        assert all(int(name.rpartition("-")[2]) <= row["attempts"] for name in sessions), (sessions, row["attempts"])
        has_money = any(name in took_money for name in sessions)
        assert row["status"] == payment.ended or row["status"] == "held" and row["reason"], dict(row)
        assert (row["status"] in ("paid", "held")) == has_money, dict(row)
        assert row["owns_booking"] == (row["status"] == "paid"), dict(row)
    for booking, rows in by_booking(stored).items():
        assert sum(row["owns_booking"] for row in rows) <= 1, booking
        is_paid = any(row["status"] == "paid" for row in rows)
        assert {row["payment_status"] for row in rows} == {"paid" if is_paid else "unpaid"}, booking
    unknown = [name for name in opened if name.rpartition("-")[0] not in stored]
    assert not unknown, f"sessions of payments that nobody has: {unknown}"
    return stored, opened


def by_booking(stored):
    found = collections.defaultdict(list)
    for row in stored.values():
        found[row["booking_id"]].append(row)
    return found


@pytest.mark.parametrize("kind", SHOPS)
def test_every_payment_is_accounted_for_whatever_dies(shop, gateway, note, kind):
    add, has_redis = SHOPS[kind]
    here, dice, account = shop(has_redis=has_redis), random.Random(f"{SEED} payments {kind}"), Account()
    add(here)
    bookings = bookings_of(here.nodes[0], PAYMENTS)
    gateway.settings(session_delay=[0.1, 1.5], delay=[0, 0.2])
    trouble = run_students(here, bookings, account, dice)
    kills = sum(place.kills for place in here.places())
    pages = sorted(each.paged for each in account.payments)
    counted = collections.Counter(each.ended or "unknown" for each in account.payments)
    told = collections.Counter(each.told for each in account.payments)
    note(f"payments, {kind}: {len(account.payments)} begun ({account.lost} answers lost, {account.repeated} repeated), "
         f"{', '.join(f'{count} {status}' for status, count in sorted(counted.items()))}; {kills} processes killed, Redis killed "
         f"{trouble.done['kill_redis']}, emptied {trouble.done['flush']}, cut {trouble.done['cut']} times, {trouble.done['fault']} bad "
         f"answers of the gateway, {told['not at all']} notifications lost; page after {pages[len(pages) // 2]:.1f} s, at most "
         f"{pages[-1]:.1f} s; {account.lists} lists checked, {account.hits} of them hits; {len(account.errors)} wrong; CHAOS_SEED={SEED}")
    assert not account.errors, "\n".join([f"CHAOS_SEED={SEED}", *account.errors[:10]])
    stored, opened = hold_store(here, account)
    until(lambda: not here.unfinished_jobs(), f"the queue to be empty of {here.unfinished_jobs()}", AFTER_A_DEATH)
    assert not here.failed_jobs()
    attempts = sum(row["attempts"] for row in stored.values())
    note(f"  of them in the store: {len(stored)}; {attempts} attempts, {len(opened)} sessions, none opened twice; no job left")


def started(node, parties, booking):
    reply = node.server.post("/api/payments/init", parties["student"]["token"], json={"bookingId": booking, "customer": CUSTOMER})
    assert reply.status_code == 202, reply.text
    return reply.json()["data"]["id"]


def show(node, parties, payment, **query):
    reply = node.server.get(f"/api/payments/{payment}", parties["student"]["token"], params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


def test_worker_killed_in_mid_call_opens_no_session_twice(shop, gateway, note):
    here = shop()
    node = here.add_node("serve", "--without-jobs")
    worker = here.add_worker()
    (parties, first), (_, second) = bookings_of(node, 2)
    for when in ("before", "after"):  # is the session there, although nobody learns of it?
        gateway.fault("hang", "session", when=when)
    payments = [started(node, parties, booking) for booking in (first, second)]
    until(lambda: len(gateway.calls("session")) == 2, "both calls")
    for payment in payments:
        row = here.payments()[payment]
        assert (row["status"], row["attempts"]) == ("queued", 1) and row["attempt_until"], "was noted before the call"
    worker.kill()
    began = time.monotonic()
    here.add_worker()
    until(lambda: all(show(node, parties, each, wait=20)["status"] == "initiated" for each in payments), "the pages", AFTER_A_DEATH)
    took = time.monotonic() - began
    opened = gateway.sessions()
    assert set(opened.values()) == {1}
    assert sorted(name.rpartition("-")[2] for name in opened) == ["1", "2", "2"], opened
    for payment in payments:
        assert here.payments()[payment]["attempts"] == 2
        assert gateway.pay(payment + "-2")["answers"] == [200]
        assert show(node, parties, payment)["status"] == "paid"
    until(lambda: not here.unfinished_jobs(), "the queue to be empty", AFTER_A_DEATH)
    note(f"worker killed in mid-call: another one has the page after {took:.0f} s, by a second attempt; no session opened twice")


def test_queue_is_used_again_after_redis_was_away(shop):
    here = shop()
    node = here.add_node()
    (parties, first), (_, second) = bookings_of(node, 2)
    here.redis.kill()
    # Taken in the process, which waits for the queue first: by then it has tried in vain to connect.
    payment = started(node, parties, first)
    until(lambda: show(node, parties, payment, wait=20)["status"] == "initiated", "the page without a queue")
    here.redis.start()
    until(lambda: "[Jobs] payments: connected again" in node.server.log(), "the queue")
    payment = started(node, parties, second)
    until(lambda: show(node, parties, payment, wait=20)["status"] == "initiated", "the page by way of the queue")
    assert here.redis.client.exists(f"bull:payments:{payment}")


@pytest.mark.parametrize("has_redis", [True, False], ids=["queue", "no Redis"])
def test_gateway_away_for_long_fails_nothing(shop, gateway, note, has_redis):
    way = Gate(int(gateway.url.rpartition(":")[2]))
    here = shop(has_redis=has_redis)
    here.gateway = GateTo(gateway, way)
    nodes = [here.add_node() for _ in range(2)]
    bookings = bookings_of(nodes[0], 2 * BOOKINGS)
    with way.closed():
        payments = [(parties, started(nodes[at % 2], parties, booking)) for at, (parties, booking) in enumerate(bookings)]
        lasting(10)
        assert not gateway.sessions()
        assert {row["status"] for row in here.payments().values()} == {"queued"}
    began = time.monotonic()
    for at, (parties, payment) in enumerate(payments):
        until(lambda: show(nodes[at % 2], parties, payment, wait=20)["status"] == "initiated", f"the page of {payment}", 60)
    took = time.monotonic() - began
    assert {row["status"] for row in here.payments().values()} == {"initiated"}
    # A connection that is cut before the call is no session, and one that is cut in mid-call may be one.
    assert set(gateway.sessions().values()) == {1}
    note(f"gateway away for 10 s, {'queue' if has_redis else 'no Redis'}: {len(payments)} payments, all have their page {took:.0f} s after "
         f"it is back, in {sum(row['attempts'] for row in here.payments().values())} attempts")
    way.close()


class GateTo:
    """The gateway as the shop is to find it: by way of a gate."""

    def __init__(self, gateway, way):
        self.gateway, self.way = gateway, way

    def environment(self, port):
        return {**self.gateway.environment(port), "SSLCOMMERZ_BASE_URL": f"http://127.0.0.1:{self.way.port}"}
