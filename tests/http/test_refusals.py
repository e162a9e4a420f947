"""Bad input: each gets the answer that the documentation names, and none changes data."""
import base64
import json

import pytest


def error(reply, status, code):
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code), reply.text
    assert reply.json()["success"] is False and reply.json()["error"]["requestId"]
    return reply.json()["error"]


def forged(claims, alg="none"):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f'{part({"alg": alg, "typ": "JWT"})}.{part(claims)}.'


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"a":1}{', b"\xff\xfe", b'{"email":"\xff"}', b"null"])
def test_malformed_body_is_refused(server, body):
    reply = server.post("/api/auth/register", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text


def test_wrong_types_and_unknown_members_name_each_field(server):
    teacher = server.register("teacher")
    reply = server.post("/api/gigs", teacher["token"],
                        json={"title": 5, "subject": "", "price": -1, "description": "d", "owner": "me"})
    assert set(error(reply, 400, "invalid_field")["fields"]) == {"title", "subject", "price", "owner"}
    assert server.get("/api/gigs").json()["total"] == 0


def test_forged_tokens_are_refused_everywhere(server):
    student = server.register("student")
    claims = {"sub": student["id"], "role": "admin", "iat": 1, "exp": 9999999999}
    head, payload, signature = student["token"].split(".")
    for token in (forged(claims), forged(claims, "HS256") + signature, f"{head}.{payload}.{signature[:-2]}xx", "x", "a.b.c"):
        for path in ("/api/bookings", "/api/gigs"):
            error(server.get(path, token), 401, "unauthorized")
    error(server.get("/api/bookings"), 401, "unauthorized")


def test_roles_are_held(server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    error(server.post("/api/gigs", student["token"], json={}), 403, "forbidden")
    error(server.book(teacher, gig), 403, "forbidden")
    error(server.put(f"/api/gigs/{gig['id']}", server.register("teacher")["token"], json={"title": "Mine"}), 403, "forbidden")
    booking = server.book(student, gig).json()["data"]
    stranger = server.register("student")
    error(server.get(f"/api/bookings/{booking['id']}", stranger["token"]), 404, "not_found")
    error(server.put(f"/api/bookings/{booking['id']}/status", stranger["token"], json={"status": "cancelled"}), 404, "not_found")
    error(server.put(f"/api/bookings/{booking['id']}/status", student["token"], json={"status": "accepted"}), 403, "forbidden")


def test_states_overlaps_and_past_times_are_refused(server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    first, second = (server.book(student, gig, at).json()["data"] for at in ("2030-01-15T10:00:00Z", "2030-01-15T10:30:00Z"))
    change = lambda b, status: server.put(f"/api/bookings/{b['id']}/status", teacher["token"], json={"status": status})
    error(change(first, "completed"), 409, "wrong_state")
    assert change(first, "accepted").status_code == 200
    error(change(first, "accepted"), 409, "wrong_state")
    error(change(second, "accepted"), 409, "overlap")
    error(server.book(student, gig, "2030-01-15T10:59:00Z"), 409, "overlap")
    assert server.book(student, gig, "2030-01-15T11:00:00Z").status_code == 201
    error(server.book(student, gig, "2020-01-01T00:00:00Z"), 422, "unprocessable")
    error(server.book(student, {"id": "0" * 24}), 404, "not_found")
    error(server.book(student, {"id": "*"}), 400, "invalid_field")


@pytest.mark.parametrize("query", ["page=0", "limit=101", "limit=x", "status=lost", "sort=price", "page=1&page=2", "status=%00"])
def test_wrong_query_values_are_refused_and_not_stored(server, redis_server, query):
    student = server.register("student")
    for _ in range(2):
        assert server.get(f"/api/bookings?{query}", student["token"]).status_code == 400
    assert not list(redis_server.client.scan_iter("bookings:*:query:*"))


def test_paths_and_methods(server):
    error(server.get("/api/nothing"), 404, "not_found")
    reply = server.request("DELETE", "/api/bookings")
    assert reply.status_code == 405 and "GET" in reply.headers["Allow"]
    error(server.get("/api/gigs/*"), 404, "not_found")
    head = server.request("HEAD", "/api/gigs")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) > 0
    assert server.get("/api/gigs?" + "a" * 9000).status_code == 414
    assert server.post("/api/auth/login", data=b"x" * 70000, headers={"Content-Type": "application/json"}).status_code == 413
    assert server.post("/api/auth/login", data=b"a=b", headers={"Content-Type": "text/plain"}).status_code == 415


def test_email_is_taken_once_and_login_tells_nothing(server):
    user = server.register("student")
    body = {"email": user["email"].upper(), "password": "another password", "name": "B", "role": "teacher"}
    error(server.post("/api/auth/register", json=body), 409, "email_taken")
    wrong = [server.post("/api/auth/login", json={"email": e, "password": "wrong password"}) for e in (user["email"], "no@example.com")]
    assert [error(r, 401, "wrong_credentials")["message"] for r in wrong] == [wrong[0].json()["error"]["message"]] * 2
    good = server.post("/api/auth/login", json={"email": user["email"], "password": "long enough"})
    assert server.get("/api/auth/me", good.json()["data"]["token"]).json()["data"]["email"] == user["email"]
