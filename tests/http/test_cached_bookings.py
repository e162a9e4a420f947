"""The main job: bookings through the cache, invalidated for both parties by each write."""
import json
import re
import threading
import time

import requests

from conftest import until


def entries(redis_server, user):
    return list(redis_server.client.scan_iter(f"bookings:user:{user['id']}:role:*"))


def test_bookings_read_twice_is_miss_then_hit(server):
    student = server.register("student")
    first = server.get("/api/bookings?status=accepted", student["token"])
    second = server.get("/api/bookings?status=accepted", student["token"])
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert "cached" not in first.json() and second.json()["cached"] is True
    assert {**first.json(), "cached": True} == second.json()
    assert second.headers["Cache-Status"].startswith("reprise; hit; ttl=")
    assert second.headers["Cache-Control"] == "private, no-cache" and "Authorization" in second.headers["Vary"]
    assert int(second.headers["Age"]) >= 0


def test_entry_in_redis_has_the_documented_key_ttl_and_readable_json(server, redis_server):
    student = server.register("student")
    body = server.get("/api/bookings?status=accepted", student["token"]).text
    key = f'bookings:user:{student["id"]}:role:student:query:{{"status":"accepted"}}'
    assert entries(redis_server, student) == [key]
    assert 0 < redis_server.client.ttl(key) <= 600
    header, _, stored = redis_server.client.get(key).partition("\n")
    assert header.startswith("RP1 ") and stored == body and json.loads(stored)["success"] is True
    for other in redis_server.client.scan_iter("*"):
        assert redis_server.client.ttl(other) > 0, f"{other} has no TTL"


def test_booking_made_and_changed_invalidates_both_parties(server, redis_server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)

    def read(user):
        reply = server.get("/api/bookings", user["token"])
        return reply.headers["X-Cache"], [row["status"] for row in reply.json()["data"]]

    for user in (student, teacher):
        assert read(user) == ("MISS", []) and read(user) == ("HIT", [])
    booking = server.book(student, gig).json()["data"]
    until(lambda: not entries(redis_server, student) and not entries(redis_server, teacher), "entries to be removed")
    for user in (student, teacher):
        assert read(user) == ("MISS", ["pending"]) and read(user) == ("HIT", ["pending"])
    reply = server.put(f"/api/bookings/{booking['id']}/status", teacher["token"], json={"status": "accepted"})
    assert reply.status_code == 200
    for user in (student, teacher):
        assert read(user) == ("MISS", ["accepted"])


def test_gig_renamed_shows_at_once_in_every_list(server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher, title="Old")
    assert server.book(student, gig).status_code == 201
    paths = [("/api/bookings", student), ("/api/bookings", teacher), ("/api/gigs", None), (f"/api/gigs/{gig['id']}", None)]
    for path, user in paths * 2:
        assert '"Old"' in server.get(path, user and user["token"]).text
    assert server.put(f"/api/gigs/{gig['id']}", teacher["token"], json={"title": "New"}).status_code == 200
    for path, user in paths:
        reply = server.get(path, user and user["token"])
        assert reply.headers["X-Cache"] == "MISS" and '"New"' in reply.text and '"Old"' not in reply.text


def test_query_order_and_unknown_parameters_make_no_new_entry(server, redis_server):
    student = server.register("student")
    unknown = "&".join(f"x{i}=1" for i in range(500))
    assert server.get("/api/bookings?status=pending&page=1", student["token"]).headers["X-Cache"] == "MISS"
    for query in ("page=1&status=pending", f"page=1&status=pending&{unknown}"):
        assert server.get(f"/api/bookings?{query}", student["token"]).headers["X-Cache"] == "HIT"
    assert len(entries(redis_server, student)) == 1


def test_etag_matches_hit_and_miss_and_gives_304(server):
    student = server.register("student")
    first = server.get("/api/bookings", student["token"])
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', first.headers["ETag"])
    again = server.get("/api/bookings", student["token"], headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert server.get("/api/bookings", student["token"], headers={"If-None-Match": 'W/"0"'}).status_code == 200


def test_search_is_not_cached(server, redis_server):
    server.make_gig(server.register("teacher"))
    for _ in range(2):
        assert server.get("/api/gigs?q=alg").headers["X-Cache"] == "BYPASS"


def test_users_never_share_an_entry(server):
    teacher = server.register("teacher")
    first, second = server.register("student"), server.register("student")
    server.book(first, server.make_gig(teacher))
    assert server.get("/api/bookings", first["token"]).json()["count"] == 1
    assert server.get("/api/bookings", second["token"]).json()["count"] == 0


def test_two_processes_share_the_cache_and_its_invalidations(server, start, redis_server):
    other = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    server.get("/api/bookings", student["token"])
    assert other.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"
    assert other.book(student, gig).status_code == 201
    reply = server.get("/api/bookings", student["token"])
    assert reply.headers["X-Cache"] == "MISS" and reply.json()["count"] == 1


def test_fill_held_open_across_a_write_is_not_stored(start, redis_server):
    """The slow process reads before the write and replies after it: what it read must not stay in the cache."""
    slow = start(REDIS_URL=redis_server.url, STORE_DELAY_MS=1500).wait_caching()
    fast = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = fast.register("teacher"), fast.register("student")
    gig = fast.make_gig(teacher)

    held = []
    thread = threading.Thread(target=lambda: held.append(slow.get("/api/bookings", student["token"])))
    thread.start()
    count = 'bookings_store_operations_total{operation="list_bookings"} 1'
    until(lambda: count in requests.get(slow.url + "/metrics").text, "the fill's read to begin")
    time.sleep(0.3)  # the read itself takes a millisecond; its reply waits for the delay
    assert fast.book(student, gig).status_code == 201
    assert fast.get("/api/bookings", student["token"]).json()["count"] == 1
    thread.join()
    assert held[0].json()["count"] == 0  # it began before the write was acknowledged: this is allowed
    for _ in range(2):
        assert fast.get("/api/bookings", student["token"]).json()["count"] == 1


def test_log_has_the_documented_lines(server):
    student = server.register("student")
    for _ in range(2):
        server.get("/api/bookings?status=accepted", student["token"])
    key = f'bookings:user:{student["id"]}:role:student:query:{{"status":"accepted"}}'
    until(lambda: f"[Cache] HIT - {key}" in server.log(), "the line of the hit")
    assert f"[Cache] MISS - {key}" in server.log() and "[Redis] Connected successfully" in server.log()
    assert student["token"] not in server.log() and student["email"] not in server.log()


def test_admin_sees_statistics_and_purges(server):
    student = server.register("student")
    assert server.get("/api/cache/stats", student["token"]).status_code == 403
    admin = server.post("/api/auth/login", json={"email": "admin@example.com", "password": "admin-password"}).json()["data"]["token"]
    for _ in range(2):
        server.get("/api/bookings", student["token"])
    stats = server.get("/api/cache/stats", admin).json()["data"]
    assert stats["available"] is True and stats["prefixes"]["bookings"]["hits"] == 1
    for body in ({"prefix": "bookings", "userId": student["id"], "role": "teacher"}, {"prefix": "bookings"}):
        assert server.get("/api/bookings", student["token"]).headers["X-Cache"] in ("HIT", "MISS")
        assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"
        assert server.post("/api/cache/invalidate", admin, json=body).status_code == 200
        assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "MISS"
    assert server.post("/api/cache/invalidate", admin, json={"prefix": "*"}).status_code == 400
