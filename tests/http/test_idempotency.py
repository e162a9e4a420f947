"""A POST with an Idempotency-Key does its work once, however often it comes, and each repetition is an acknowledgement."""
import json
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from conftest import needs_a_file

AT = "2030-01-15T10:00:00Z"


def send(server, who, path, body, key):
    return server.post(path, who["token"], json=body, headers={"Idempotency-Key": key})


def code(reply):
    return reply.status_code, reply.json()["error"]["code"]


@pytest.fixture
def scene(server):
    teacher, student = server.register("teacher"), server.register("student")
    return teacher, student, server.make_gig(teacher)


def test_repetition_is_answered_what_the_first_was_and_writes_nothing(server, scene):
    _, student, gig = scene
    body = {"gigId": gig["id"], "scheduledAt": AT}
    first = send(server, student, "/api/bookings", body, "key 1")
    again = send(server, student, "/api/bookings", body, "key 1")
    assert first.status_code == again.status_code == 201 and first.content == again.content
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert server.get("/api/bookings", student["token"]).json()["total"] == 1
    assert send(server, student, "/api/bookings", body, "key 2").json()["data"]["id"] != first.json()["data"]["id"]


def test_repetition_shows_the_first_answer_also_after_the_thing_has_changed(server, scene):
    teacher, student, gig = scene
    body = {"gigId": gig["id"], "scheduledAt": AT}
    first = send(server, student, "/api/bookings", body, "k")
    accepted = server.put(f"/api/bookings/{first.json()['data']['id']}/status", teacher["token"], json={"status": "accepted"})
    assert accepted.status_code == 200
    # A new request for this time would overlap; this one is known.
    assert send(server, student, "/api/bookings", body, "k").content == first.content
    assert code(send(server, student, "/api/bookings", body, "other")) == (409, "overlap")


def test_another_body_under_the_same_key_is_refused(server, scene):
    teacher, student, gig = scene
    gig_body = {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": ""}
    assert send(server, teacher, "/api/gigs", gig_body, "k").status_code == 201
    for change in ({"price": 801}, {"title": "algebra"}):
        assert code(send(server, teacher, "/api/gigs", {**gig_body, **change}, "k")) == (409, "idempotency_mismatch")
    assert server.get("/api/gigs").json()["total"] == 2
    assert send(server, teacher, "/api/gigs", gig_body, "k").headers["Idempotency-Replayed"] == "true"


def test_reviews_and_payments_are_made_once_too(server, scene):
    teacher, student, gig = scene
    booking = server.book(student, gig).json()["data"]
    accept = lambda status: server.put(f"/api/bookings/{booking['id']}/status", teacher["token"], json={"status": status})
    assert accept("accepted").status_code == 200
    payment = {"bookingId": booking["id"], "method": "bkash", "transactionId": "TX-1234", "amount": booking["price"]}
    review = {"bookingId": booking["id"], "rating": 5, "comment": "Good"}
    wrong = send(server, student, "/api/manual-payments", {**payment, "amount": 1}, "p")
    assert wrong.status_code == 422 and "amount" in wrong.json()["error"]["fields"]
    first = send(server, student, "/api/manual-payments", payment, "p")
    assert accept("completed").status_code == 200
    for path, body, before in (("/api/manual-payments", payment, first),
                               ("/api/reviews", review, send(server, student, "/api/reviews", review, "r"))):
        again = send(server, student, path, body, before.request.headers["Idempotency-Key"])
        assert before.status_code == again.status_code == 201 and before.content == again.content
        assert again.headers["Idempotency-Replayed"] == "true"
        assert send(server, student, path, body, "another key").status_code == 409


def test_keys_are_of_one_user_and_one_route(server, scene):
    _, student, gig = scene
    other = server.register("student")
    body = {"gigId": gig["id"], "scheduledAt": AT}
    replies = [send(server, who, "/api/bookings", body, "k") for who in (student, other)]
    assert [r.status_code for r in replies] == [201, 201]
    assert replies[0].json()["data"]["id"] != replies[1].json()["data"]["id"]


def test_what_failed_is_not_kept(server, scene):
    teacher, student, gig = scene
    taken = server.book(student, gig).json()["data"]
    server.put(f"/api/bookings/{taken['id']}/status", teacher["token"], json={"status": "accepted"})
    body = {"gigId": gig["id"], "scheduledAt": AT}
    assert code(send(server, student, "/api/bookings", body, "k")) == (409, "overlap")
    server.put(f"/api/bookings/{taken['id']}/status", student["token"], json={"status": "cancelled"})
    reply = send(server, student, "/api/bookings", body, "k")
    assert reply.status_code == 201 and "Idempotency-Replayed" not in reply.headers


@pytest.mark.parametrize("key", ["", "a" * 256, "t\tab", "\u00e9".encode("utf-8")])
def test_bad_keys_are_refused(server, scene, key):
    _, student, gig = scene
    reply = server.post("/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": AT},
                        headers={"Idempotency-Key": key})
    assert code(reply) == (400, "invalid_field") and "Idempotency-Key" in reply.json()["error"]["fields"]
    assert server.get("/api/bookings", student["token"]).json()["total"] == 0


def test_longest_key_is_taken(server, scene):
    _, student, gig = scene
    body = {"gigId": gig["id"], "scheduledAt": AT}
    assert [send(server, student, "/api/bookings", body, "~" * 255).status_code for _ in range(2)] == [201, 201]
    assert server.get("/api/bookings", student["token"]).json()["total"] == 1


@needs_a_file
def test_record_is_written_with_the_write_and_names_its_rows(start, tmp_path):
    server = start(REDIS_URL="")  # nobody acknowledges rows: all stay
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    first = send(server, student, "/api/bookings", {"gigId": gig["id"], "scheduledAt": AT}, "k")
    with sqlite3.connect(f"{tmp_path}/bookings.db") as db:
        (status, body, rows), = db.execute("SELECT status, body, outbox_rows FROM kept_replies")
        named = [db.execute("SELECT what FROM outbox WHERE number = ?", (n,)).fetchone()[0] for n in rows.split()]
    assert (status, json.loads(body)) == (201, first.json())
    assert sorted(named) == sorted(f"user_bookings:{u['id']}" for u in (student, teacher))


def test_repetition_invalidates_before_it_answers(start, redis_server, tmp_path):
    """The first node dies between its commit and its invalidation; whoever hears of the write hears after that."""
    silent = start(REDIS_URL="")  # commits, and knows no Redis to invalidate in
    reader = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = reader.register("teacher"), reader.register("student")
    gig = reader.make_gig(teacher)
    body = {"gigId": gig["id"], "scheduledAt": AT}
    for i in range(10):
        key = f"k{i}"
        reader.get("/api/bookings", student["token"])
        before = reader.get("/api/bookings", student["token"])
        assert before.headers["X-Cache"] == "HIT" and before.json()["total"] == i
        assert send(silent, student, "/api/bookings", body, key).status_code == 201
        told = send(reader, student, "/api/bookings", body, key)
        assert told.status_code == 201 and told.headers["Idempotency-Replayed"] == "true"
        assert reader.get("/api/bookings", student["token"]).json()["total"] == i + 1


def test_parallel_repetitions_on_two_nodes_make_one_booking(start, redis_server):
    nodes = [start(REDIS_URL=redis_server.url).wait_caching() for _ in range(2)]
    teacher, student = nodes[0].register("teacher"), nodes[0].register("student")
    gig = nodes[0].make_gig(teacher)
    body = {"gigId": gig["id"], "scheduledAt": AT}

    def post(i, key):
        return requests.post(nodes[i % 2].url + "/api/bookings", json=body, timeout=30,
                             headers={"Authorization": f"Bearer {student['token']}", "Idempotency-Key": key})

    with ThreadPoolExecutor(8) as pool:
        for wanted in range(1, 11):
            key = uuid.uuid4().hex
            replies = list(pool.map(lambda i: post(i, key), range(8)))
            made = [r for r in replies if r.status_code == 201]
            assert made and len({r.content for r in made}) == 1
            assert sum("Idempotency-Replayed" not in r.headers for r in made) <= 1
            for reply in replies:
                if reply.status_code != 201:
                    assert code(reply) == (409, "in_progress") and int(reply.headers["Retry-After"]) >= 1
            assert [n.get("/api/bookings", student["token"]).json()["total"] for n in nodes] == [wanted] * 2


def test_second_while_the_first_is_under_way_is_told_so(start):
    server = start(REDIS_URL="", STORE_DELAY_MS=500)
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    body = {"gigId": gig["id"], "scheduledAt": AT}
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(lambda: requests.post(server.url + "/api/bookings", json=body, timeout=30, headers={
            "Authorization": f"Bearer {student['token']}", "Idempotency-Key": "k"})) for _ in range(2)]
        replies = sorted((s.result() for s in sent), key=lambda r: r.status_code)
    assert replies[0].status_code == 201 and code(replies[1]) == (409, "in_progress")
    assert replies[1].headers["Retry-After"] == "1"
    assert send(server, student, "/api/bookings", body, "k").content == replies[0].content
