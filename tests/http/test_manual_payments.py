"""Manual payments: every step is shown at once in both parties' bookings, and nothing is decided twice."""
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from test_refusals import error
from test_reviews import make_lesson


def pay(server, lesson, transaction="TRX1", who="student", **members):
    body = {"bookingId": lesson["booking"]["id"], "method": "bkash", "transactionId": transaction, "amount": 800, **members}
    return server.post("/api/manual-payments", lesson[who]["token"], json=body)


def decide(server, admin, payment, verdict, **kwargs):
    return server.put(f"/api/manual-payments/{payment['id']}/{verdict}", admin["token"], **kwargs)


def paid(server, lesson, transaction="TRX1"):
    reply = pay(server, lesson, transaction)
    assert reply.status_code == 201, reply.text
    return reply.json()["data"]


def statuses(server, user):
    reply = server.get("/api/bookings", user["token"])
    return reply.headers["X-Cache"], [row["paymentStatus"] for row in reply.json()["data"]]


@pytest.fixture
def lesson(server):
    return make_lesson(server, status="accepted")


@pytest.fixture
def admin(server):
    return server.sign_in_admin()


@pytest.mark.parametrize("verdict,after", [("verify", "paid"), ("reject", "unpaid")])
def test_each_step_is_shown_at_once_to_both_parties_alone(server, lesson, admin, verdict, after):
    stranger = make_lesson(server, status="accepted")
    outside = [stranger["student"], stranger["teacher"]]
    parties = [lesson["student"], lesson["teacher"]]

    def hold(status):
        for user in parties:
            assert statuses(server, user) == ("MISS", [status]) and statuses(server, user) == ("HIT", [status])
        for user in outside:
            assert statuses(server, user) == ("HIT", ["unpaid"])

    for user in outside:
        statuses(server, user)
    hold("unpaid")
    payment = paid(server, lesson)
    hold("pending")
    assert decide(server, admin, payment, verdict, json={}).status_code == 200
    hold(after)


def test_payment_shows_what_was_decided_and_by_whom_to_admins(server, lesson, admin):
    payment = paid(server, lesson, "trx-9/a")
    assert payment == {"id": payment["id"], "bookingId": lesson["booking"]["id"],
                       "student": {"id": lesson["student"]["id"], "name": "A student"}, "method": "bkash",
                       "transactionId": "TRX-9/A", "amount": 800, "currency": "BDT", "status": "pending",
                       "createdAt": payment["createdAt"], "decidedAt": None, "reason": None}
    decided = decide(server, admin, payment, "reject", json={"reason": "No such transaction"}).json()["data"]
    assert decided == {**payment, "status": "rejected", "reason": "No such transaction", "decidedAt": decided["decidedAt"],
                       "decidedBy": admin["id"]}
    seen = server.get("/api/manual-payments", lesson["student"]["token"]).json()["data"]
    assert seen == [{name: value for name, value in decided.items() if name != "decidedBy"}]
    assert server.get("/api/manual-payments", admin["token"]).json()["data"] == [decided]


@pytest.mark.parametrize("verdict", ["verify", "reject"])
def test_decision_is_kept_in_the_trail_and_refused_ones_are_not(server, lesson, admin, verdict):
    payment = paid(server, lesson)
    assert decide(server, admin, payment, verdict, json={"reason": "Looked"}).status_code == 200
    for again in ("verify", "reject"):
        error(decide(server, admin, payment, again, json={}), 409, "wrong_state")
    entries = server.get("/api/trail", admin["token"]).json()["data"]
    assert [(e["actor"], e["action"], e["subject"], e["reason"]) for e in entries] == [
        (admin["id"], f"{verdict}_payment", {"kind": "manual_payment", "id": payment["id"]}, "Looked")]


def test_decision_needs_no_body(server, lesson, admin):
    assert decide(server, admin, paid(server, lesson), "verify").status_code == 200


def test_rejected_payment_may_be_made_again_and_a_verified_one_not(server, lesson, admin):
    first = paid(server, lesson)
    error(pay(server, lesson, "TRX2"), 409, "wrong_state")
    decide(server, admin, first, "reject")
    second = paid(server, lesson)  # the same transaction: a rejected one does not count
    decide(server, admin, second, "verify")
    error(pay(server, lesson, "TRX3"), 409, "wrong_state")


def test_two_processes_at_once_decide_a_payment_once(server, start, redis_server, lesson, admin):
    servers = [server, start(REDIS_URL=redis_server.url).wait_caching()]
    payment = paid(server, lesson)
    headers = {"Authorization": f"Bearer {admin['token']}"}

    def put(number):
        verdict = ("verify", "reject")[number // 2 % 2]
        path = f"/api/manual-payments/{payment['id']}/{verdict}"
        return verdict, requests.put(servers[number % 2].url + path, headers=headers, timeout=30)

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(put, range(8)))
    made = [verdict for verdict, reply in replies if reply.status_code == 200]
    assert len(made) == 1 and {reply.status_code for _, reply in replies} == {200, 409}
    after = {"verify": "paid", "reject": "unpaid"}[made[0]]
    for each in servers:
        for user in (lesson["student"], lesson["teacher"]):
            assert statuses(each, user)[1] == [after]
    assert [entry["action"] for entry in server.get("/api/trail", admin["token"]).json()["data"]] == [f"{made[0]}_payment"]


def test_transaction_counts_once_for_each_method(server, lesson):
    other = make_lesson(server, status="accepted")
    paid(server, lesson, "Trx1")
    error(pay(server, other, "tRX1"), 409, "transaction_used")
    assert statuses(server, other["student"])[1] == ["unpaid"]
    assert pay(server, other, "TRX1", method="bank").status_code == 201


@pytest.mark.parametrize("amount", [799.99, 800.01, 0, 8000])
def test_amount_must_be_the_price_exactly(server, lesson, amount):
    reply = pay(server, lesson, amount=amount)
    assert set(error(reply, 422, "unprocessable")["fields"]) == {"amount"}
    assert statuses(server, lesson["teacher"])[1] == ["unpaid"]


def test_amount_with_two_places_is_held_to_the_hundredth(server):
    teacher = server.register("teacher")
    lesson = make_lesson(server, teacher, gig=server.make_gig(teacher, price=33.33), status="accepted")
    assert pay(server, lesson, amount=33.33).status_code == 201


def test_cancelled_meanwhile_can_only_be_rejected(server, lesson, admin):
    payment = paid(server, lesson)
    path = f"/api/bookings/{lesson['booking']['id']}/status"
    assert server.put(path, lesson["student"]["token"], json={"status": "cancelled"}).status_code == 200
    error(decide(server, admin, payment, "verify"), 409, "wrong_state")
    assert statuses(server, lesson["student"])[1] == ["pending"]
    assert decide(server, admin, payment, "reject").status_code == 200
    assert statuses(server, lesson["student"])[1] == ["unpaid"]


@pytest.mark.parametrize("status", ["pending", "completed"])
def test_only_accepted_bookings_are_paid(server, status):
    error(pay(server, make_lesson(server, status=status)), 409, "wrong_state")


def test_who_may_pay_and_decide_and_read(server, lesson, admin):
    stranger = server.register("student")
    error(server.post("/api/manual-payments", json={}), 401, "unauthorized")
    error(pay(server, lesson, who="teacher"), 403, "forbidden")
    error(pay(server, {**lesson, "student": admin}), 403, "forbidden")
    error(pay(server, {**lesson, "student": stranger}), 404, "not_found")
    error(pay(server, {**lesson, "booking": {"id": "0" * 24}}), 404, "not_found")
    payment = paid(server, lesson)
    for verdict in ("verify", "reject"):
        for user in (lesson["student"], lesson["teacher"], stranger):
            error(decide(server, user, payment, verdict), 403, "forbidden")
        error(server.put(f"/api/manual-payments/{payment['id']}/{verdict}"), 401, "unauthorized")
        for unknown in ("0" * 24, "*", "1", "A" * 24):
            error(decide(server, admin, {"id": unknown}, verdict), 404, "not_found")
    error(server.get("/api/manual-payments"), 401, "unauthorized")
    error(server.get("/api/manual-payments", lesson["teacher"]["token"]), 403, "forbidden")
    assert server.get("/api/manual-payments", stranger["token"]).json()["data"] == []
    assert statuses(server, lesson["student"])[1] == ["pending"]


def test_lists_are_filtered_newest_first_and_never_cached(server, lesson, admin):
    first = paid(server, lesson, "TRX1")
    second = paid(server, make_lesson(server, status="accepted"), "TRX2")
    decide(server, admin, first, "verify")
    ids = lambda query, user: [row["id"] for row in server.get(f"/api/manual-payments{query}", user["token"]).json()["data"]]
    assert ids("", admin) == [second["id"], first["id"]]
    assert ids("?status=pending", admin) == [second["id"]] and ids("?status=rejected", admin) == []
    assert ids("?limit=1&page=2", admin) == [first["id"]]
    assert ids("", lesson["student"]) == [first["id"]] and ids("?status=pending", lesson["student"]) == []
    assert "X-Cache" not in server.get("/api/manual-payments", admin["token"]).headers


@pytest.mark.parametrize("query", ["status=paid", "page=0", "limit=101", "status=pending&status=pending"])
def test_wrong_queries_are_refused(server, admin, query):
    error(server.get(f"/api/manual-payments?{query}", admin["token"]), 400, "invalid_field")


@pytest.mark.parametrize("change,field", [
    ({"method": "card"}, "method"), ({"method": 1}, "method"), ({"transactionId": "a b c d"}, "transactionId"),
    ({"transactionId": "abc"}, "transactionId"), ({"transactionId": "*" * 8}, "transactionId"), ({"transactionId": 12345}, "transactionId"),
    ({"amount": -1}, "amount"), ({"amount": 800.001}, "amount"), ({"amount": "800"}, "amount"), ({"amount": None}, "amount"),
    ({"bookingId": "*"}, "bookingId"), ({"status": "verified"}, "status")])
def test_wrong_members_are_named(server, lesson, change, field):
    assert set(error(pay(server, lesson, **change), 400, "invalid_field")["fields"]) == {field}
    assert statuses(server, lesson["student"])[1] == ["unpaid"]


@pytest.mark.parametrize("body", [{"reason": 5}, {"reason": ""}, {"reason": "x" * 501}, {"reason": None}, {"amount": 5}])
def test_wrong_reasons_decide_nothing(server, lesson, admin, body):
    payment = paid(server, lesson)
    error(decide(server, admin, payment, "verify", json=body), 400, "invalid_field")
    assert statuses(server, lesson["student"])[1] == ["pending"]
