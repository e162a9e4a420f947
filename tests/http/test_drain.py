"""SIGTERM: /ready says no first, what is under way is finished, and the process ends with status 0."""
import signal
import socket
import time
from urllib.parse import urlparse

import pytest
import requests

from conftest import LIMIT, until


class Connection:
    """A connection by hand, that takes as little at a time as it is told to."""

    def __init__(self, server, buffer_bytes=None):
        where = urlparse(server.url)
        self.socket = socket.socket()
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.settimeout(LIMIT)
        self.socket.connect((where.hostname, where.port))

    def ask(self, path, token=None):
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{authorization}\r\n".encode())
        return self

    def take(self, most=65536):
        return self.socket.recv(most)

    def rest(self):
        """All until the server closes."""
        parts = []
        while part := self.take():
            parts.append(part)
        return b"".join(parts)


def refuses(server):
    try:
        requests.get(server.url + "/health", timeout=LIMIT)
    except requests.exceptions.ConnectionError:
        return True
    return False


def test_ready_says_no_before_the_port_is_closed(start):
    server = start()
    assert server.get("/ready").status_code == 200  # somebody looks
    server.process.send_signal(signal.SIGTERM)
    answers = []

    def closed():
        try:
            answers.append(requests.get(server.url + "/ready", timeout=LIMIT).status_code)
        except requests.exceptions.ConnectionError:
            return True
        return False

    until(closed, "the port to be closed")
    assert 503 in answers and sorted(answers) == answers  # 200 at most before the signal arrived, and never again
    assert server.process.wait(LIMIT) == 0


@pytest.mark.parametrize("redis", ["with Redis", "without"])
def test_request_under_way_is_answered_and_its_connection_closed(start, redis_server, redis):
    delay = {"STORE_DELAY_MS": 1500, **({"REDIS_URL": redis_server.url} if redis == "with Redis" else {})}
    server = start(**delay)
    user = server.register("student")
    assert server.get("/health", user["token"]).status_code == 200
    idle, busy = Connection(server), Connection(server)
    idle.ask("/health")
    assert idle.take().startswith(b"HTTP/1.1 200")
    busy.ask("/api/bookings", user["token"])
    until(lambda: server.store_operations("list_bookings") == 1, "the read to begin")
    server.process.send_signal(signal.SIGTERM)
    assert idle.rest() == b""  # closed without a word
    until(lambda: refuses(server), "the port to be closed")
    reply = busy.rest()
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"\r\nConnection: close" in head, reply
    assert f"Content-Length: {len(body)}".encode() in head and body.endswith(b"}")
    assert server.process.wait(LIMIT) == 0
    assert "is cut off" not in server.log() and "still open" not in server.log()


def test_reply_is_finished_for_a_client_that_reads_slowly(start):
    server = start(REDIS_URL="memory://").wait_caching()
    teacher = server.register("teacher")
    for _ in range(100):
        server.make_gig(teacher, description="x" * 4000)
    whole = len(server.get("/api/gigs?limit=100").content)
    assert whole > 400_000
    slow = Connection(server, buffer_bytes=4096).ask("/api/gigs?limit=100")
    got = slow.take(100)  # in the middle of it, with far more to come than the sockets hold
    assert got.startswith(b"HTTP/1.1 200")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: refuses(server), "the port to be closed")
    for _ in range(50):
        time.sleep(0.01)
        got += slow.take(2000)
    got += slow.rest()
    head, _, body = got.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head and body.endswith(b"}") and len(body) >= whole
    assert server.process.wait(LIMIT) == 0
    assert "still open" not in server.log()


def test_idle_server_ends_at_once(start, redis_server):
    server = start(REDIS_URL=redis_server.url).wait_caching()
    user = server.register("student")
    assert server.get("/api/bookings", user["token"]).status_code == 200
    assert server.stop() == 0
    lines = [line for line in server.log().splitlines() if "draining" in line or "Stopped" in line]
    seconds = [sum(float(part) * scale for part, scale in zip(line[11:23].split(":"), (3600, 60, 1))) for line in lines]
    assert len(seconds) == 2 and (seconds[1] - seconds[0]) % 86400 < 5, lines  # far from every deadline of the drain
    assert "is cut off" not in server.log()
