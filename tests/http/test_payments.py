"""Payments through the gateway, against its emulator: started at once, settled by what the gateway says when it is asked,
and shown at once in both parties' bookings; with the job queue in Redis, and without Redis."""
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from conftest import free_port, until
from test_refusals import error
from test_reviews import make_lesson

CUSTOMER = {"phone": "01711000000", "address": "Road 1", "city": "Dhaka", "postcode": "1205", "country": "Bangladesh"}


def init(server, lesson, who="student", **members):
    body = {"bookingId": lesson["booking"]["id"], "customer": CUSTOMER, **members}
    return server.post("/api/payments/init", lesson[who]["token"], json=body)


def started(server, lesson):
    reply = init(server, lesson)
    assert reply.status_code == 202, reply.text
    return reply.json()["data"]


def show(server, payment, user, **query):
    reply = server.get(f"/api/payments/{payment['id']}", user["token"], params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


def initiated(server, lesson):
    """A payment whose page is there, and the transaction's id."""
    payment = started(server, lesson)
    data = show(server, payment, lesson["student"], wait=20)
    assert data["status"] == "initiated", data
    return {**payment, "tran_id": payment["id"] + "-1"}


def statuses(server, user):
    reply = server.get("/api/bookings", user["token"])
    return reply.headers["X-Cache"], [row["paymentStatus"] for row in reply.json()["data"]]


def paid_in_bookings(server, lesson):
    return [statuses(server, lesson[who])[1] for who in ("student", "teacher")]


@pytest.fixture
def server(request, start, gateway, redis_server):
    redis_url = {} if getattr(request, "param", "") == "no Redis" else {"REDIS_URL": redis_server.url}
    begun = start(**gateway.environment(free_port()), **redis_url)
    begun.is_caching = bool(redis_url)
    return begun.wait_caching() if redis_url else begun


# With the job queue; these also in the server's own process.
BOTH_WAYS = pytest.mark.parametrize("server", ["queue", "no Redis"], indirect=True)


@pytest.fixture
def lesson(server):
    return make_lesson(server, status="accepted")


@pytest.fixture
def admin(server):
    return server.sign_in_admin()


@BOTH_WAYS
def test_payment_is_started_at_once_paid_at_the_gateway_and_shown_to_both_parties(server, gateway, lesson):
    gateway.settings(session_delay=2)
    began = time.monotonic()
    payment = started(server, lesson)
    assert time.monotonic() - began < 1.5, "the gateway takes two seconds, and nobody waits for it"
    assert payment["status"] == "queued" and payment["statusUrl"] == f"/api/payments/{payment['id']}"
    assert show(server, payment, lesson["student"])["status"] == "queued"
    assert paid_in_bookings(server, lesson) == [["pending"], ["pending"]]

    data = show(server, payment, lesson["student"], wait=20)
    assert (data["status"], data["amount"], data["currency"]) == ("initiated", 800, "BDT")
    assert data["gatewayUrl"].startswith(gateway.url)
    assert gateway.sessions() == {payment["id"] + "-1": 1}

    told = gateway.pay(payment["id"] + "-1")
    assert told["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]
    assert show(server, payment, lesson["student"])["status"] == "paid"
    # And the browser that comes back with the same form.
    page = requests.post(told["url"], data=told["fields"])
    assert page.status_code == 200 and "has arrived" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_gateway_gets_the_customer_of_the_request_and_else_of_the_profile(server, gateway, lesson):
    reply = server.put("/api/users/me", lesson["student"]["token"], json={**CUSTOMER, "city": "Sylhet"})
    assert reply.status_code == 200
    payment = init(server, lesson, customer={"city": "Khulna", "name": "Somebody Else"}).json()["data"]
    show(server, payment, lesson["student"], wait=20)
    sent = gateway.calls("session")[0]["fields"]
    assert (sent["cus_city"], sent["cus_name"], sent["cus_phone"], sent["cus_email"]) == (
        "Khulna", "Somebody Else", CUSTOMER["phone"], lesson["student"]["email"])
    assert (sent["total_amount"], sent["currency"], sent["product_name"]) == ("800.00", "BDT", "Algebra")


def test_missing_customer_is_named_and_nothing_is_written(server, gateway, lesson):
    reply = server.post("/api/payments/init", lesson["student"]["token"], json={"bookingId": lesson["booking"]["id"]})
    error(reply, 422, "unprocessable")
    assert list(reply.json()["error"]["fields"]) == ["customer.phone", "customer.address", "customer.city", "customer.postcode", "customer.country"]
    assert paid_in_bookings(server, lesson) == [["unpaid"], ["unpaid"]]
    error(init(server, lesson, customer={"phone": 5}), 400, "invalid_field")
    error(init(server, lesson, customer={"unknown": "x"}), 400, "invalid_field")
    assert gateway.sessions() == {}


@BOTH_WAYS
def test_one_payment_is_under_way_for_a_booking_and_only_its_student_starts_it(server, gateway, lesson):
    assert init(server, lesson, who="teacher").status_code == 403
    stranger = server.register("student")
    error(init(server, {**lesson, "student": stranger}), 404, "not_found")
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(reply.status_code for reply in pool.map(lambda _: init(server, lesson), range(8)))
    assert codes == [202] + [409] * 7
    until(lambda: sum(gateway.sessions().values()) == 1, "the session")
    pending = make_lesson(server)
    error(init(server, pending), 409, "wrong_state")


def test_repeated_request_is_one_payment(server, gateway, lesson):
    replies = [server.post("/api/payments/init", lesson["student"]["token"], headers={"Idempotency-Key": "k"},
                           json={"bookingId": lesson["booking"]["id"], "customer": CUSTOMER}) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [202, 202, 202]
    assert len({reply.json()["data"]["id"] for reply in replies}) == 1
    show(server, replies[0].json()["data"], lesson["student"], wait=20)
    assert list(gateway.sessions().values()) == [1]


def test_payment_is_seen_by_its_student_and_admins_alone(server, lesson, admin):
    payment = started(server, lesson)
    path = f"/api/payments/{payment['id']}"
    for user in (lesson["teacher"], server.register("student")):
        error(server.get(path, user["token"]), 404, "not_found")
    error(server.get("/api/payments/0123", lesson["student"]["token"]), 404, "not_found")
    error(server.get(path + "?wait=31", lesson["student"]["token"]), 400, "invalid_field")
    assert show(server, payment, admin)["studentId"] == lesson["student"]["id"]
    assert "studentId" not in show(server, payment, lesson["student"])
    assert [row["id"] for row in server.get("/api/payments", lesson["student"]["token"]).json()["data"]] == [payment["id"]]
    assert server.get("/api/payments", admin["token"]).json()["total"] == 1
    assert server.get("/api/payments?status=held", admin["token"]).json()["total"] == 0
    assert server.get("/api/payments", lesson["teacher"]["token"]).status_code == 403


@BOTH_WAYS
@pytest.mark.parametrize("outcome,after", [("fail", "failed"), ("cancel", "cancelled")])
def test_payment_that_did_not_come_frees_its_booking_for_another(server, gateway, lesson, outcome, after):
    payment = initiated(server, lesson)
    assert gateway.pay(payment["tran_id"], outcome)["answers"] == [200]
    assert show(server, payment, lesson["student"])["status"] == after
    assert paid_in_bookings(server, lesson) == [["unpaid"], ["unpaid"]]
    second = initiated(server, lesson)
    assert gateway.pay(second["tran_id"])["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@BOTH_WAYS
def test_repeated_and_reordered_notifications_change_nothing(server, gateway, lesson):
    gateway.settings(ipn_copies=3)
    payment = initiated(server, lesson)
    assert gateway.pay(payment["tran_id"])["answers"] == [200] * 3
    statuses(server, lesson["student"])
    before = statuses(server, lesson["student"])
    assert before == ("HIT" if server.is_caching else "BYPASS", ["paid"])
    for status in ("FAILED", "CANCELLED", "VALID"):
        gateway.notify(payment["tran_id"], status=status)
    assert show(server, payment, lesson["student"])["status"] == "paid"
    assert statuses(server, lesson["student"]) == before, "nothing was invalidated for nothing"


def test_forged_altered_and_foreign_notifications_are_refused(server, gateway, lesson):
    payment = initiated(server, lesson)
    gateway.settings(suppress_ipn=True)
    gateway.pay(payment["tran_id"])
    assert gateway.notify(payment["tran_id"], signature="none")["answers"] == [403]
    assert gateway.notify(payment["tran_id"], signature="wrong")["answers"] == [403]
    assert gateway.notify(payment["tran_id"], signature="stale", amount="1.00")["answers"] == [403]
    reply = server.request("POST", "/api/payments/sslcommerz/ipn", data={"tran_id": payment["tran_id"], "status": "VALID"})
    assert reply.status_code == 403
    reply = server.request("POST", "/api/payments/sslcommerz/ipn", json={})
    assert reply.status_code == 415
    page = server.request("POST", "/api/payments/sslcommerz/success", data={"tran_id": payment["tran_id"]})
    assert page.status_code == 200 and "being checked" in page.text
    assert show(server, payment, lesson["student"])["status"] == "initiated"
    assert paid_in_bookings(server, lesson) == [["pending"], ["pending"]]


def test_wrong_sum_is_held_for_an_admin_and_can_be_sent_back(server, gateway, lesson, admin):
    gateway.settings(amount="799.99")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    data = show(server, payment, admin)
    assert (data["status"], data["taken"]) == ("held", 799.99)
    assert "amount" in data["reason"]
    assert paid_in_bookings(server, lesson) == [["pending"], ["pending"]]
    assert server.post(f"/api/payments/{payment['id']}/refund", admin["token"]).status_code == 200
    until(lambda: show(server, payment, admin)["refundReference"], "the refund to be taken on")
    assert gateway.calls("refund")[0]["fields"]["refund_amount"] == "799.99"


def test_risk_is_held_until_an_admin_releases_it(server, gateway, lesson, admin):
    gateway.settings(risk_level="1")
    payment = initiated(server, lesson)
    assert gateway.pay(payment["tran_id"])["answers"] == [200]
    assert show(server, payment, lesson["student"])["status"] == "held"
    assert paid_in_bookings(server, lesson) == [["pending"], ["pending"]]
    path = f"/api/payments/{payment['id']}/release"
    assert server.post(path, lesson["student"]["token"]).status_code == 403
    assert server.post(path, admin["token"], json={"reason": "called them"}).json()["data"]["status"] == "paid"
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]
    error(server.post(path, admin["token"]), 409, "wrong_state")
    trail = server.get("/api/trail", admin["token"]).json()["data"][0]
    assert (trail["action"], trail["subject"]["id"], trail["reason"]) == ("release", payment["id"], "called them")


def test_refund_goes_back_and_is_shown_when_the_gateway_says_so(server, gateway, lesson, admin):
    gateway.settings(refund_state="refunded")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    path = f"/api/payments/{payment['id']}/refund"
    assert server.post(path, lesson["student"]["token"]).status_code == 403
    assert server.post(path, admin["token"], json={"reason": "ill"}).json()["data"]["status"] == "refunding"
    error(server.post(path, admin["token"]), 409, "wrong_state")
    until(lambda: gateway.calls("refund"), "the refund to be asked for")
    assert len(gateway.calls("refund")) == 1
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@BOTH_WAYS
def test_refund_that_the_gateway_refuses_leaves_it_paid(server, gateway, lesson, admin):
    gateway.settings(refund_status="failed")
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    assert server.post(f"/api/payments/{payment['id']}/refund", admin["token"]).status_code == 200
    data = show(server, payment, admin, wait=20, **{"while": "refunding"})
    assert (data["status"], "refused" in data["reason"]) == ("paid", True)
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@pytest.mark.parametrize("how", ["reset", "html", "error500", "close", "truncated"])
def test_session_without_a_readable_answer_is_asked_for_again_under_another_id(server, gateway, lesson, how):
    gateway.fault(how, "session", when="after")
    payment = started(server, lesson)
    data = show(server, payment, lesson["student"], wait=30)
    assert data["status"] == "initiated", data
    assert gateway.sessions() == {payment["id"] + "-1": 1, payment["id"] + "-2": 1}
    assert gateway.pay(payment["id"] + "-2")["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@BOTH_WAYS
def test_money_by_a_session_whose_answer_was_lost_counts_too(server, gateway, lesson):
    gateway.fault("reset", "session", when="after")
    payment = started(server, lesson)
    show(server, payment, lesson["student"], wait=30)
    assert gateway.pay(payment["id"] + "-1")["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@BOTH_WAYS
def test_gateway_that_refuses_fails_the_payment_and_says_so(server, gateway, lesson):
    gateway.fault("failed", "session")
    payment = started(server, lesson)
    data = show(server, payment, lesson["student"], wait=20)
    assert (data["status"], data["reason"]) == ("failed", "the gateway refused the payment")
    assert paid_in_bookings(server, lesson) == [["unpaid"], ["unpaid"]]


def test_gateway_away_at_the_notification_is_asked_again(server, gateway, lesson):
    payment = initiated(server, lesson)
    gateway.fault("reset", "validation")
    assert gateway.pay(payment["tran_id"])["answers"] == [503]
    assert paid_in_bookings(server, lesson) == [["pending"], ["pending"]]
    assert gateway.notify(payment["tran_id"])["answers"] == [200]
    assert paid_in_bookings(server, lesson) == [["paid"], ["paid"]]


@BOTH_WAYS
def test_second_money_for_a_booking_is_held(server, gateway, lesson, admin):
    first = initiated(server, lesson)
    gateway.pay(first["tran_id"], "cancel")
    second = initiated(server, lesson)
    gateway.pay(second["tran_id"])
    gateway.pay(first["tran_id"])
    data = show(server, first, admin)
    assert data["status"] == "held" and "otherwise" in data["reason"]
    error(server.post(f"/api/payments/{first['id']}/release", admin["token"]), 409, "wrong_state")
    assert "send it back" in server.log()
    assert show(server, second, admin)["status"] == "paid"


def test_two_notifications_at_once_on_two_nodes_are_one_payment(server, start, gateway, redis_server):
    lesson = make_lesson(server, status="accepted")
    other = start(**{**gateway.environment(free_port()), "REDIS_URL": redis_server.url}).wait_caching()
    payment = initiated(server, lesson)
    gateway.settings(suppress_ipn=True)
    form = gateway.pay(payment["tran_id"])["fields"]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda i: requests.post((server, other)[i % 2].url + "/api/payments/sslcommerz/ipn",
                                                      data=form).status_code, range(8)))
    assert codes == [200] * 8
    for node in (server, other):
        assert paid_in_bookings(node, lesson) == [["paid"], ["paid"]]


def test_nothing_personal_and_no_password_is_logged(server, gateway, lesson):
    payment = initiated(server, lesson)
    gateway.pay(payment["tran_id"])
    log = server.log()
    for secret in (gateway.password, CUSTOMER["phone"], CUSTOMER["address"], lesson["student"]["email"]):
        assert secret not in log


def test_without_a_gateway_none_is_started(start):
    server = start()
    lesson = make_lesson(server, status="accepted")
    error(init(server, lesson), 503, "gateway_unavailable")
    assert paid_in_bookings(server, lesson) == [["unpaid"], ["unpaid"]]
    assert server.request("POST", "/api/payments/sslcommerz/ipn", data={"tran_id": "x"}).status_code == 403
