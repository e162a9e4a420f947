"""Who takes very long, or does nothing: ten thousand idle connections, clients that hardly read, a far Redis. Others go on."""
import resource
import socket

import pytest

from gate import Gate
from processes import SERVER, is_sanitized, until

IDLE = 9_900  # of 10,000: the rest is left for others


@pytest.fixture
def begin(start, redis_server):
    """Starts a server that caches."""
    return lambda **environment: start(**{"REDIS_URL": redis_server.url, "LOG_LEVEL": "info", **environment}).wait_caching()


def connect(server, **options):
    client = socket.socket()
    for name, value in options.items():
        client.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    client.settimeout(30)
    client.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return client


def request(path, token):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def long_list(server, bookings):
    student, teacher = server.register("student"), server.register("teacher")
    gig = server.make_gig(teacher)
    for number in range(bookings):
        at = f"{2030 + number // 300}-{number // 25 % 12 + 1:02}-{number % 25 + 1:02}T10:00:00Z"
        assert server.book(student, gig, at, note="x" * 500).status_code == 201
    return student


def test_ten_thousand_idle_connections(begin, note):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 500:
        pytest.skip(f"this user may open {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = begin(REDIS_DEADLINE_MS="5000")  # what so many ask at once may take long on a busy machine
    student = long_list(server, 4)
    server.get("/api/bookings", student["token"])
    before = server.memory("VmRSS")
    clients = []
    try:
        for _ in range(IDLE):
            clients.append(connect(server))
            clients[-1].sendall(request("/api/bookings", student["token"]))  # each has been used, then keeps alive
        for client in clients:
            assert client.recv(12) == b"HTTP/1.1 200"
        each = (server.memory("VmRSS") - before) / IDLE
        note(f"{IDLE:,} idle connections: {each / 1024:.1f} KiB each")
        # Ten thousand requests at once may keep a busy machine from renewing its lease in time: then it bypasses for a moment.
        until(lambda: all(hits(server, student["token"]) for _ in range(100)), "a hundred hits in a row")
        assert each < 64 * 1024 or is_sanitized(SERVER)
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # They are gone: as many again find a place.
    until(lambda: connect_and_ask(server, student["token"]), "places for new connections")


def hits(server, token):
    reply = server.get("/api/bookings", token)
    assert reply.status_code == 200
    return reply.headers["X-Cache"] == "HIT"


def connect_and_ask(server, token):
    clients = [connect(server) for _ in range(200)]
    for client in clients:
        client.sendall(request("/api/bookings", token))
    answers = {client.recv(12) for client in clients}
    for client in clients:
        client.close()
    return answers == {b"HTTP/1.1 200"}


@pytest.mark.parametrize("l1", ["off", "tracked"])
def test_clients_that_hardly_read_keep_nobody_waiting(begin, note, l1):
    # A deadline far beyond what so many large replies take at once on a busy machine: this is about who waits for whom.
    server = begin(CACHE_L1_MODE=l1, WORKERS="1", REDIS_DEADLINE_MS="5000")
    teacher, student = server.register("teacher"), server.register("student")
    for _ in range(100):
        server.make_gig(teacher, description="x" * 800)
    path = "/api/gigs?limit=100"
    body = server.get(path, student["token"]).text
    assert len(body) > 80_000
    before = server.memory("VmRSS")
    slow = []
    for _ in range(200):
        # A window that holds a small part of a reply; and many replies wanted.
        slow.append(connect(server, SO_RCVBUF=4096))
        slow[-1].sendall(request(path, student["token"]) * 20)
    for client in slow:
        assert client.recv(1) == b"H"
    for _ in range(200):
        reply = server.get(path, student["token"])
        assert (reply.status_code, reply.headers["X-Cache"]) == (200, "HIT")
        assert len(reply.text) == len(body) + len('"cached":true,')
    for client in slow:  # one byte more, long after: they are still served, and far from their end
        assert client.recv(1) == b"T"
    grown = server.memory("VmRSS") - before
    note(f"200 clients that hardly read, L1 {l1}: {grown / 200 / 1024:.0f} KiB each for a reply of {len(body) // 1024} KiB")
    assert grown < 200 * 6 * len(body) or is_sanitized(SERVER)  # not the twenty replies that each has asked for
    for client in slow:
        client.close()
    assert server.get(path, student["token"]).status_code == 200


@pytest.fixture
def far_redis(redis_server):
    gate = Gate(redis_server.port)
    yield gate
    gate.close()


def test_redis_that_answers_in_40_ms_is_used_where_the_deadline_allows_it(begin, far_redis):
    server = begin(REDIS_URL=f"redis://127.0.0.1:{far_redis.port}/0", REDIS_DEADLINE_MS=2000)
    student = long_list(server, 2)
    with far_redis.delayed(0.02):
        until(lambda: server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT", "a hit")
        clients = [connect(server) for _ in range(100)]
        for client in clients:
            client.sendall(request("/api/bookings", student["token"]))
        assert all(b"X-Cache: HIT" in client.recv(65536) for client in clients)
        for client in clients:
            client.close()
        assert server.book(student, {"id": server.get("/api/gigs").json()["data"][0]["id"]}, "2031-01-15T10:00:00Z").status_code == 201
        assert server.get("/api/bookings", student["token"]).json()["total"] == 3


def test_redis_that_answers_in_40_ms_harms_nobody_where_the_deadline_is_less(begin, far_redis):
    server = begin(REDIS_URL=f"redis://127.0.0.1:{far_redis.port}/0", REDIS_DEADLINE_MS=25)
    student = long_list(server, 2)
    gig = server.get("/api/gigs").json()["data"][0]
    with far_redis.delayed(0.02):
        for number in range(10):
            assert server.book(student, gig, f"2031-01-{number + 1:02}T10:00:00Z").status_code == 201
            reply = server.get("/api/bookings", student["token"])
            assert (reply.status_code, reply.json()["total"]) == (200, number + 3)
            assert reply.headers["X-Cache"] != "HIT"
    until(lambda: server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT", "hits once Redis is near again")
