"""Writers of two processes over one file: each rule holds, whoever is first."""
import sqlite3
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from conftest import ON_MONGODB, mongodb

DAYS = (f"20{year}-0{month}-1{day}T10:00:00Z" for year in range(30, 60) for month in range(1, 9) for day in range(9))


@pytest.fixture
def nodes(start, redis_server):
    return [start(REDIS_URL=redis_server.url).wait_caching() for _ in range(2)]


def at_once(calls):
    """Makes all calls at the same time, each on a connection of its own; their replies in order."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def call(node, method, path, token=None, **kwargs):
    headers = {**kwargs.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    return lambda: requests.request(method, node.url + path, headers=headers, timeout=60, **kwargs)


def outcome(reply):
    return reply.status_code if reply.status_code < 400 else (reply.status_code, reply.json()["error"]["code"])


def test_of_two_acceptances_that_overlap_one_is_taken(nodes):
    teacher, one, two = nodes[0].register("teacher"), nodes[0].register("student"), nodes[1].register("student")
    gig = nodes[0].make_gig(teacher)
    for _ in range(15):
        when = next(DAYS)
        booked = [nodes[i].book(student, gig, when).json()["data"]["id"] for i, student in enumerate((one, two))]
        replies = at_once([call(node, "PUT", f"/api/bookings/{booking}/status", teacher["token"], json={"status": "accepted"})
                           for node, booking in zip(nodes, booked)])
        assert sorted(map(outcome, replies), key=str) == [(409, "overlap"), 200]
    # Both nodes and both parties see the same.
    for node in nodes:
        assert node.get("/api/bookings?status=accepted", teacher["token"]).json()["total"] == 15


def test_booking_and_acceptance_that_overlap_leave_one_accepted(nodes):
    teacher, student = nodes[0].register("teacher"), nodes[1].register("student")
    gig = nodes[0].make_gig(teacher)
    for _ in range(15):
        when = next(DAYS)
        first = nodes[0].book(student, gig, when).json()["data"]["id"]
        accepted, second = at_once([
            call(nodes[0], "PUT", f"/api/bookings/{first}/status", teacher["token"], json={"status": "accepted"}),
            call(nodes[1], "POST", "/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": when})])
        assert outcome(accepted) == 200
        if outcome(second) == 201:  # it was first; then it can only be refused
            late = nodes[1].put(f"/api/bookings/{second.json()['data']['id']}/status", teacher["token"], json={"status": "accepted"})
            assert outcome(late) == (409, "overlap")
        else:
            assert outcome(second) == (409, "overlap")


def test_one_booking_takes_one_status_of_many_at_once(nodes):
    teacher, student = nodes[0].register("teacher"), nodes[1].register("student")
    gig = nodes[0].make_gig(teacher)
    for _ in range(10):
        booking = nodes[0].book(student, gig, next(DAYS)).json()["data"]["id"]
        replies = at_once([call(nodes[i % 2], "PUT", f"/api/bookings/{booking}/status", teacher["token"], json={"status": status})
                           for i, status in enumerate(("accepted", "rejected", "accepted", "rejected"))])
        results = Counter(map(outcome, replies))
        assert results == {200: 1, (409, "wrong_state"): 3}


def test_one_review_and_one_payment_a_booking(nodes):
    teacher, student = nodes[0].register("teacher"), nodes[1].register("student")
    gig = nodes[0].make_gig(teacher)
    for _ in range(8):
        booking = nodes[0].book(student, gig, next(DAYS)).json()["data"]
        accept = lambda status: nodes[0].put(f"/api/bookings/{booking['id']}/status", teacher["token"], json={"status": status})
        assert outcome(accept("accepted")) == 200
        paid = at_once([call(nodes[i % 2], "POST", "/api/manual-payments", student["token"], json={
            "bookingId": booking["id"], "method": "bkash", "transactionId": uuid.uuid4().hex, "amount": booking["price"]})
            for i in range(4)])
        assert Counter(map(outcome, paid)) == {201: 1, (409, "wrong_state"): 3}
        assert outcome(accept("completed")) == 200
        told = at_once([call(nodes[i % 2], "POST", "/api/reviews", student["token"], json={
            "bookingId": booking["id"], "rating": 1 + i, "comment": ""}) for i in range(4)])
        assert Counter(map(outcome, told)) == {201: 1, (409, "already_reviewed"): 3}
    for node in nodes:
        assert node.get(f"/api/reviews?teacherId={teacher['id']}").json()["total"] == 8
        assert node.get(f"/api/users/{teacher['id']}").json()["data"]["reviewCount"] == 8


def test_two_hundred_registrations_with_one_email_make_one_account(nodes, tmp_path):
    """Each costs a hash of a password, by design on few threads and with few places: who finds none is told so and may
    come again. So some are 503 before they are looked at; come again, all but one are 409."""
    body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "long enough", "name": "A", "role": "student"}
    left, results = 200, Counter()
    while left:
        replies = at_once([call(nodes[i % 2], "POST", "/api/auth/register", json=body) for i in range(left)])
        left = 0
        for reply in replies:
            if outcome(reply) == (503, "overloaded"):
                assert int(reply.headers["Retry-After"]) >= 1
                left += 1
            else:
                results[outcome(reply)] += 1
    assert results == {201: 1, (409, "email_taken"): 199}
    if ON_MONGODB:
        with mongodb(tmp_path) as database:
            assert database.users.count_documents({"email": body["email"]}) == 1
        return
    with sqlite3.connect(f"{tmp_path}/bookings.db") as db:
        assert db.execute("SELECT count(*) FROM users WHERE email = ?", (body["email"],)).fetchone() == (1,)


def test_deleted_gig_takes_no_booking_after_it_is_gone(nodes):
    teacher, student = nodes[0].register("teacher"), nodes[1].register("student")
    for _ in range(10):
        gig = nodes[0].make_gig(teacher)
        gone, booked = at_once([
            call(nodes[0], "DELETE", f"/api/gigs/{gig['id']}", teacher["token"]),
            call(nodes[1], "POST", "/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": next(DAYS)})])
        assert outcome(gone) == 200 and outcome(booked) in (201, (404, "not_found"))
        assert outcome(nodes[1].book(student, gig, next(DAYS))) == (404, "not_found")
        assert nodes[1].get(f"/api/gigs/{gig['id']}").status_code == 404
