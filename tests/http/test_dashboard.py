"""What the dashboard asks for, from outside: events, keys, entries; and its files."""
import gzip
import json
import os
import re
import time

import pytest
import requests
from conftest import LIMIT, SERVER, until
from processes import is_sanitized


def events(server, token, session=requests):
    """The events of one connection: (name, data), as they come. Closed with the generator."""
    with session.get(server.url + "/api/events", headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=LIMIT) as reply:
        assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/event-stream")
        assert reply.headers["Cache-Control"] == "no-store" and "Content-Length" not in reply.headers
        name = None
        for line in reply.iter_lines(chunk_size=1, decode_unicode=True):
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                yield name, json.loads(line[6:])


def first(stream, name):
    return next(data for each, data in stream if each == name)


@pytest.fixture
def admin(server):
    return server.sign_in_admin()["token"]


# events --------------------------------------------------------------------------------------------------------------

def test_events_begin_with_the_history_and_go_on_with_a_tick_a_second(server, admin):
    stream = events(server, admin)
    name, past = next(stream)
    assert name == "history" and past["every"] == 10 and len(past["columns"]) == 14
    assert all(len(point) == len(past["columns"]) for point in past["points"])
    one, two = first(stream, "tick"), first(stream, "tick")
    assert 0.5 < two["t"] - one["t"] < 3
    assert one["redis"]["trusted"] and one["redis"]["up"] and not one["redis"]["switchedOff"] and one["store"]["up"]
    assert one["viewers"] == 1 and one["jobs"] is None


def test_events_count_requests_by_result_and_tell_how_long_they_took(server, admin):
    student = server.register("student")
    stream = events(server, admin)
    first(stream, "tick")
    for _ in range(3):
        server.get("/api/bookings", student["token"])
    seen = {"hit": 0, "miss": 0}
    for _ in range(3):
        tick = first(stream, "tick")
        for how in seen:
            seen[how] += tick["latency"][how]["count"]
            if tick["latency"][how]["count"]:
                assert 0 < tick["latency"][how]["p50"] <= tick["latency"][how]["p99"] < 10_000
        if seen == {"hit": 2, "miss": 1}:
            break
    assert seen == {"hit": 2, "miss": 1}
    assert tick["prefixes"]["bookings"]["hits"] == 2 and tick["prefixes"]["bookings"]["misses"] == 1


def test_events_tell_of_invalidations_as_they_happen(server, admin):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    server.get("/api/bookings", student["token"])
    stream = events(server, admin)
    first(stream, "tick")
    began = time.monotonic()
    server.book(student, gig)
    told = first(stream, "invalidated")
    assert time.monotonic() - began < 2
    assert dict(map(tuple, told["scopes"])) == {f"bookings:user:{student['id']}": 1, f"bookings:user:{teacher['id']}": 0}
    assert told["more"] == 0


def test_events_end_with_the_token(server, admin):
    stream = events(server, admin)
    first(stream, "tick")
    server.post("/api/auth/logout", admin)
    assert first(stream, "ended") == {"why": "session"}
    assert list(stream) == []


def test_events_of_a_server_that_stops_end_at_once(start, redis_server):
    server = start(REDIS_URL=redis_server.url).wait_caching()
    stream = events(server, server.sign_in_admin()["token"])
    first(stream, "tick")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 3
    assert not list(stream)


def test_viewer_that_takes_nothing_is_dropped_and_others_go_on(server, admin):
    import socket
    slow = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    slow.sendall(f"GET /api/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\r\n".encode())
    assert slow.recv(12) == b"HTTP/1.1 200"
    stream = events(server, admin)
    assert first(stream, "tick")["viewers"] == 2
    # Hung up by the client: its place is free again.
    slow.close()
    until(lambda: first(stream, "tick")["viewers"] == 1, "the other viewer to be gone")


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ten_viewers_cost_little_more_than_none(server, admin):
    """What docs/features/dashboard.md says of a release build; here of any build, and so with much room."""
    streams = [events(server, admin) for _ in range(10)]
    for each in streams:
        first(each, "history")
    until(lambda: first(streams[-1], "tick")["viewers"] == 10, "all of them to look")
    began, spent = time.monotonic(), processor_seconds(server.process)
    for _ in range(6):
        first(streams[-1], "tick")
    part = (processor_seconds(server.process) - spent) / (time.monotonic() - began)
    assert part < (0.2 if is_sanitized(SERVER) else 0.05), part


def test_head_and_http_1_0_of_events(server, admin):
    import socket
    reply = server.request("HEAD", "/api/events", admin)
    assert reply.status_code == 200 and reply.content == b""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as old:
        old.settimeout(LIMIT)
        old.sendall(f"GET /api/events HTTP/1.0\r\nAuthorization: Bearer {admin}\r\n\r\n".encode())
        text = b""
        while b"event: tick" not in text:
            text += old.recv(4096)
        head, _, body = text.partition(b"\r\n\r\n")
        assert b"Transfer-Encoding" not in head and body.startswith(b"event: history\n")


# keys ----------------------------------------------------------------------------------------------------------------

def all_keys(server, token, prefix, **more):
    found, cursor = {}, None
    while True:
        reply = server.get("/api/cache/keys", token, params={"prefix": prefix, **more, **({"cursor": cursor} if cursor else {})})
        assert reply.status_code == 200, reply.text
        found.update((each["key"], each) for each in reply.json()["data"]["keys"])
        cursor = reply.json()["data"]["next"]
        if cursor is None:
            return found


def test_keys_of_a_scope_tell_kind_state_ttl_size_and_age(server, admin):
    student = server.register("student")
    for query in ("", "?status=pending"):
        server.get("/api/bookings" + query, student["token"])
    scope = f"bookings:user:{student['id']}"
    found = all_keys(server, admin, scope)
    assert found.keys() == {f"{scope}:gen", f"{scope}:keys", f"{scope}:role:student:query:{{}}",
                            f'{scope}:role:student:query:{{"status":"pending"}}'}
    entry = found[f"{scope}:role:student:query:{{}}"]
    assert (entry["kind"], entry["state"], entry["scope"]) == ("entry", "current", scope)
    assert 590_000 < entry["ttlMilliseconds"] <= 600_000 and 0 <= entry["ageMilliseconds"] < 60_000 and entry["size"] > 100
    assert found[f"{scope}:gen"]["kind"] == "generation" and found[f"{scope}:gen"]["state"] == "current"
    assert found[f"{scope}:keys"]["kind"] == "index" and found[f"{scope}:keys"]["size"] == 2


def test_entry_of_an_old_generation_is_shown_as_dead(server, admin, redis_server):
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    scope = f"bookings:user:{student['id']}"
    redis_server.client.delete(f"{scope}:gen")
    assert all_keys(server, admin, scope)[f"{scope}:role:student:query:{{}}"]["state"] == "dead"


def test_prefix_is_no_pattern_and_only_a_prefix_or_a_scope(server, admin, redis_server):
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    redis_server.client.set("other:program", "secret")
    for wrong in ("*", "book*", "bookings:user:*", "bookings:*", "?", "bookings:user", ":", "bookings:user:1:gen", "a b"):
        reply = server.get("/api/cache/keys", admin, params={"prefix": wrong})
        assert reply.status_code == 400, wrong
    assert server.get("/api/cache/keys", admin, params={"prefix": "bookings", "cursor": "x"}).status_code == 400
    assert server.get("/api/cache/entry", admin, params={"key": "other:program"}).status_code == 400
    assert server.get("/api/cache/entry", admin, params={"key": f"bookings:user:{student['id']}:gen"}).status_code == 400


def test_many_keys_come_in_pages(server, admin, redis_server):
    pipe = redis_server.client.pipeline(transaction=False)
    for i in range(20_000):
        pipe.set(f"bookings:user:{i}:gen", "s.r", ex=600)
    pipe.execute()
    began = time.monotonic()
    reply = server.get("/api/cache/keys", admin, params={"prefix": "bookings", "limit": 1000}).json()["data"]
    assert time.monotonic() - began < 5 and 1000 <= len(reply["keys"]) <= 3000 and reply["next"]
    assert len(all_keys(server, admin, "bookings", limit=1000)) == 20_000


def test_entry_is_shown_with_its_header_and_body(server, admin):
    student = server.register("student")
    reply = server.get("/api/bookings", student["token"])
    key = f"bookings:user:{student['id']}:role:student:query:{{}}"
    entry = server.get("/api/cache/entry", admin, params={"key": key}).json()["data"]
    assert entry["body"] == reply.text and entry["bodyBytes"] == len(reply.content) and entry["truncated"] is False
    assert (entry["status"], entry["state"], entry["compressed"]) == (200, "current", False)
    assert f'W/"{entry["etag"]}"' == reply.headers["ETag"]
    assert server.get("/api/cache/entry", admin, params={"key": key.replace("student:", "teacher:")}).status_code == 404


def test_without_redis_keys_are_503_and_events_say_so(start):
    server = start()
    admin = server.sign_in_admin()["token"]
    reply = server.get("/api/cache/keys", admin, params={"prefix": "bookings"})
    assert reply.status_code == 503 and reply.json()["error"]["code"] == "cache_unavailable"
    tick = first(events(server, admin), "tick")
    assert tick["redis"]["configured"] is False and tick["store"]["up"]


# the demonstration ---------------------------------------------------------------------------------------------------

def test_switch_of_a_demonstration_makes_bypasses_and_comes_back(start, redis_server):
    server = start("serve", "--demo", REDIS_URL=redis_server.url).wait_caching()
    admin, student = server.sign_in_admin()["token"], server.register("student")
    server.get("/api/bookings", student["token"])
    assert server.post("/api/demo/redis", student["token"], json={"state": "off"}).status_code == 403
    assert server.post("/api/demo/redis", admin, json={"state": "maybe"}).status_code == 400
    assert server.post("/api/demo/redis", admin, json={"state": "off"}).json()["data"] == {"redis": False}
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "BYPASS"
    # A write while it is off, which the replay must repeat.
    teacher = server.register("teacher")
    assert server.book(student, server.make_gig(teacher)).status_code == 201
    assert server.get("/api/demo", admin).json()["data"]["redis"] is False
    server.post("/api/demo/redis", admin, json={"state": "on"})
    server.wait_caching()
    reply = server.get("/api/bookings", student["token"])
    assert reply.headers["X-Cache"] == "MISS" and reply.json()["total"] == 1
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"


# the files -----------------------------------------------------------------------------------------------------------

def test_page_and_its_files_are_light_packed_and_tagged(server):
    plain = server.get("/dashboard", headers={"Accept-Encoding": "identity"})
    if "built without" in plain.text:
        pytest.skip("built without the dashboard")
    policy = plain.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'") and "unsafe" not in policy
    assert not re.search(r"<script>|<style|\son\w+=|style=", plain.text)
    files = re.findall(r'(?:src|href)="(/dashboard/[^"]+)"', plain.text)
    assert len(files) == 3
    sizes = [len(plain.content)]
    for path in files:
        whole = server.get(path, headers={"Accept-Encoding": "identity"})
        assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable" and "Content-Encoding" not in whole.headers
        raw = server.http.get(server.url + path, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=LIMIT)
        assert raw.headers["Content-Encoding"] == "gzip" and raw.headers["Vary"] == "Accept-Encoding"
        packed = raw.raw.read(decode_content=False)
        assert gzip.decompress(packed) == whole.content and len(packed) < len(whole.content)
        assert raw.headers["ETag"] != whole.headers["ETag"]
        again = server.get(path, headers={"Accept-Encoding": "identity", "If-None-Match": whole.headers["ETag"]})
        assert again.status_code == 304 and again.content == b""
        sizes.append(len(whole.content))
    assert sum(sizes) < 150_000, sizes
    assert plain.headers["Cache-Control"] == "no-cache"
    assert server.get("/dashboard/app.js").status_code == 404
