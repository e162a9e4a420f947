"""Who takes the steps of payments: a worker of its own, the server itself, a queue that loses its jobs, and none at all."""
import base64
import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

from conftest import SERVER, free_port, needs_a_file, store_url, until
from test_payments import CUSTOMER, init, initiated, paid_in_bookings, show, started
from test_reviews import make_lesson


@pytest.fixture
def environment(gateway, redis_server):
    return {**gateway.environment(free_port()), "REDIS_URL": redis_server.url}


@pytest.fixture
def server(start, environment):
    return start(**environment).wait_caching()


def jobs_of(redis_server, state):
    client, key = redis_server.client, f"bull:payments:{state}"
    return set(client.lrange(key, 0, -1) if state in ("wait", "active") else client.zrange(key, 0, -1))


def workers_of(redis_server):
    """Connections of workers, as BullMQ and Bull Board look for them."""
    name = "bull:" + base64.b64encode(b"payments").decode()
    return [each for each in redis_server.client.client_list() if each["name"].startswith(name)]


def make_due(tmp_path, payment, **columns):
    """The payment's next step is due now; no clock is waited for."""
    changes = "".join(f", {name} = {name} - {milliseconds}" for name, milliseconds in columns.items())
    with contextlib.closing(sqlite3.connect(tmp_path / "bookings.db", timeout=20)) as db, db:
        db.execute(f"UPDATE gateway_payments SET due_at = 1{changes} WHERE id = ?", (payment["id"],))


def due_in(tmp_path, payment):
    """Seconds."""
    with contextlib.closing(sqlite3.connect(tmp_path / "bookings.db", timeout=20)) as db:
        (due, ), = db.execute("SELECT due_at FROM gateway_payments WHERE id = ?", (payment["id"],))
    return due / 1000 - time.time()


def test_worker_takes_the_steps_that_a_node_leaves_to_it(start, gateway, redis_server, environment):
    node = start("serve", "--without-jobs", **environment).wait_caching()
    lesson = make_lesson(node, status="accepted")
    payment = started(node, lesson)
    until(lambda: jobs_of(redis_server, "wait") == {payment["id"]}, "the job")
    assert show(node, payment, lesson["student"], wait=1)["status"] == "queued"
    assert gateway.sessions() == {}

    worker = start("worker", **environment)
    began = time.monotonic()
    assert show(node, payment, lesson["student"], wait=20)["status"] == "initiated"
    assert gateway.sessions() == {payment["id"] + "-1": 1}
    until(lambda: jobs_of(redis_server, "completed") == {payment["id"]}, "the job to be over")
    assert redis_server.client.hget(f"bull:payments:{payment['id']}", "returnvalue") == '{"status":"initiated"}'
    assert node.metric("bookings_jobs_total") == 0

    # With somebody who works, who waits is told at once, also in another process.
    second = started(node, make_lesson_again(node, lesson))
    began = time.monotonic()
    assert show(node, second, lesson["student"], wait=20)["status"] == "initiated"
    assert time.monotonic() - began < 10
    assert worker.stop() == 0, worker.log()


def make_lesson_again(server, lesson):
    """Another accepted booking of the same two."""
    reply = server.book(lesson["student"], lesson["gig"], "2031-05-05T10:00:00Z")
    booking = reply.json()["data"]
    path = f"/api/bookings/{booking['id']}/status"
    assert server.put(path, lesson["teacher"]["token"], json={"status": "accepted"}).status_code == 200
    return {**lesson, "booking": booking}


def test_worker_without_a_gateway_says_what_to_set(tmp_path):
    ended = subprocess.run([SERVER, "worker"], cwd=tmp_path, capture_output=True, text=True, timeout=30,
                           env={"PATH": os.environ["PATH"], "STORE_URL": store_url(tmp_path)})
    assert (ended.returncode, "SSLCOMMERZ_STORE_ID" in ended.stderr) == (2, True), ended.stderr


def test_queue_that_lost_its_jobs_strands_nothing(start, gateway, redis_server, environment):
    node = start("serve", "--without-jobs", **environment).wait_caching()
    lesson = make_lesson(node, status="accepted")
    payment = started(node, lesson)
    until(lambda: jobs_of(redis_server, "wait") == {payment["id"]}, "the job")
    redis_server.client.flushall()
    start("worker", **environment)
    assert show(node, payment, lesson["student"], wait=30)["status"] == "initiated"
    assert gateway.sessions() == {payment["id"] + "-1": 1}


def test_payment_written_while_redis_is_away_is_started_all_the_same(server, gateway, redis_server):
    lesson = make_lesson(server, status="accepted")
    redis_server.kill()
    until(lambda: server.get("/api/bookings", lesson["student"]["token"]).headers["X-Cache"] == "BYPASS", "a bypass")
    payment = started(server, lesson)
    assert show(server, payment, lesson["student"], wait=30)["status"] == "initiated"
    assert gateway.sessions() == {payment["id"] + "-1": 1}
    assert "taken in this process meanwhile" in server.log()
    redis_server.start()
    server.wait_caching()
    until(lambda: workers_of(redis_server), "the worker to be back")
    second = initiated(server, make_lesson_again(server, lesson))
    until(lambda: second["id"] in jobs_of(redis_server, "completed"), "the queue to be used again")


def test_job_that_somebody_failed_is_made_again_while_its_payment_waits(start, gateway, redis_server, environment):
    node = start("serve", "--without-jobs", **environment).wait_caching()
    lesson = make_lesson(node, status="accepted")
    payment = started(node, lesson)
    client = redis_server.client
    until(lambda: jobs_of(redis_server, "wait") == {payment["id"]}, "the job")
    client.lrem("bull:payments:wait", 0, payment["id"])
    client.zadd("bull:payments:failed", {payment["id"]: int(time.time() * 1000)})
    start("worker", **environment)
    assert show(node, payment, lesson["student"], wait=30)["status"] == "initiated"


@pytest.mark.parametrize("data", ["{}", '{"paymentId":5}', '{"paymentId":"x"}', '[1]', '{"paymentId":"000000000000000000000000"}',
                                  "not JSON"])
def test_job_whose_data_is_not_ours_fails_with_a_clear_text(server, redis_server, data):
    client = redis_server.client
    client.hset("bull:payments:strange", mapping={"name": "open-session", "data": data, "opts": "{}", "timestamp": "1",
                                                  "delay": "0", "priority": "0"})
    client.lpush("bull:payments:wait", "strange")
    client.zadd("bull:payments:marker", {"0": 0})
    until(lambda: "strange" in jobs_of(redis_server, "failed"), "the job to fail")
    reason = client.hget("bull:payments:strange", "failedReason")
    assert "payment" in reason or "JSON" in reason, reason
    lesson = make_lesson(server, status="accepted")
    assert initiated(server, lesson)["tran_id"], "and others are done"


@needs_a_file
def test_payment_whose_notification_never_comes_is_settled_by_asking(server, gateway, tmp_path):
    gateway.settings(suppress_ipn=True)
    lesson = make_lesson(server, status="accepted")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    assert show(server, payment, lesson["student"])["status"] == "initiated"
    make_due(tmp_path, payment)
    data = show(server, payment, lesson["student"], wait=20, **{"while": "initiated"})
    assert data["status"] == "paid"
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@needs_a_file
def test_payment_that_nobody_pays_is_given_up_after_an_hour(server, gateway, tmp_path):
    lesson = make_lesson(server, status="accepted")
    payment = initiated(server, lesson)
    make_due(tmp_path, payment)
    until(lambda: gateway.calls("query") and due_in(tmp_path, payment) > 60, "the gateway to be asked")
    assert show(server, payment, lesson["student"])["status"] == "initiated"
    make_due(tmp_path, payment, updated_at=3600_000)
    data = show(server, payment, lesson["student"], wait=20, **{"while": "initiated"})
    assert (data["status"], data["reason"]) == ("failed", "it was not paid in time")
    assert paid_in_bookings(server, lesson) == [["unpaid"], ["unpaid"]]
    # And money that comes after all counts.
    assert gateway.pay(payment["tran_id"])["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@needs_a_file
def test_refund_is_asked_for_until_it_is_back(server, gateway, tmp_path):
    gateway.settings(refund_status="processing")
    admin, lesson = server.sign_in_admin(), make_lesson(server, status="accepted")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    server.post(f"/api/payments/{payment['id']}/refund", admin["token"])
    until(lambda: show(server, payment, admin)["refundReference"], "the refund to be taken on")
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]
    gateway.settings(refund_state="refunded")
    make_due(tmp_path, payment)
    assert show(server, payment, admin, wait=20, **{"while": "refunding"})["status"] == "refunded"
    assert paid_in_bookings(server, lesson) == [["refunded"], ["refunded"]]
    assert len(gateway.calls("refund")) == 1


@needs_a_file
def test_refund_whose_answer_was_lost_is_asked_for_again_under_the_same_id(server, gateway, tmp_path):
    admin, lesson = server.sign_in_admin(), make_lesson(server, status="accepted")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    gateway.fault("reset", "refund", when="after")
    server.post(f"/api/payments/{payment['id']}/refund", admin["token"])
    until(lambda: gateway.calls("refund"), "the first question")
    until(lambda: "No answer about refund" in server.log(), "the lost answer")
    make_due(tmp_path, payment)
    until(lambda: len(gateway.calls("refund")) == 2, "the second question")
    ids = {call["fields"]["refund_trans_id"] for call in gateway.calls("refund")}
    assert ids == {payment["id"] + "R1"}


def test_payments_are_counted_as_jobs(server, gateway):
    initiated(server, make_lesson(server, status="accepted"))
    until(lambda: server.metric('bookings_jobs_total{queue="payments",result="completed"}') == 1, "the count")


def test_server_that_ends_finishes_the_step_that_it_takes(server, gateway, start, environment):
    gateway.settings(session_delay=2)
    lesson = make_lesson(server, status="accepted")
    payment = started(server, lesson)
    until(lambda: gateway.sessions(), "the call")
    assert server.stop() == 0
    again = start(**{**environment, "PORT": free_port()})
    assert show(again, payment, lesson["student"])["status"] == "initiated"
    assert gateway.sessions() == {payment["id"] + "-1": 1}


@pytest.mark.parametrize("policy,warned", [("noeviction", False), ("allkeys-lru", True), ("volatile-ttl", True)])
def test_queue_that_may_lose_jobs_is_warned_of_at_the_start(start, environment, redis_server, policy, warned):
    redis_server.client.config_set("maxmemory-policy", policy)
    redis_server.client.config_set("maxmemory", "100mb")
    server = start(**environment).wait_caching()
    until(lambda: workers_of(redis_server), "the worker")
    line = f"maxmemory-policy {policy}"
    if warned:
        until(lambda: line in server.log(), "the warning")
    assert (line in server.log()) == warned


def test_queue_has_a_redis_of_its_own_where_one_is_named(start, environment, redis_server, other_redis):
    server = start(**environment, QUEUE_REDIS_URL=other_redis.url).wait_caching()
    payment = initiated(server, make_lesson(server, status="accepted"))
    until(lambda: jobs_of(other_redis, "completed") == {payment["id"]}, "the job to be over")
    assert redis_server.client.keys("bull:*") == [] and other_redis.client.keys("bookings:*") == []


def test_queue_that_is_full_keeps_nobody_from_paying(server, gateway, redis_server):
    lesson = make_lesson(server, status="accepted")
    redis_server.client.config_set("maxmemory", "1")  # noeviction: each write of a job is refused
    payment = started(server, lesson)
    assert show(server, payment, lesson["student"], wait=30)["status"] == "initiated"
    redis_server.client.config_set("maxmemory", "0")
