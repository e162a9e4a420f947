"""The edges of HTTP on real sockets: what is too large, too slow or readable in two ways is refused, and nothing that came
behind it on the same connection is taken for a request. Limits that need small numbers (most connections, idle time) are
held by tests/integration/server_http_session_test.cpp."""
import json
import re
import socket
import time
from urllib.parse import urlparse

import pytest

MIB = 1024 * 1024
HEAD = b"Host: x\r\n"
HIDDEN = b"GET /health?hidden HTTP/1.1\r\nHost: x\r\n\r\n"  # what a smuggler would have taken for a request of its own


class Wire:
    """One connection; sends exactly these bytes."""

    def __init__(self, server):
        where = urlparse(server.url)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=30)
        self.received = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the reply is there to be read all the same
        return self

    def reply(self):
        """(status, headers, body) of the next reply; None where the connection ended."""
        while b"\r\n\r\n" not in self.received:
            if not self._more():
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        while len(self.received) < int(headers.get("Content-Length", 0)):
            assert self._more(), "the reply was cut off"
        length = int(headers.get("Content-Length", 0))
        body, self.received = self.received[:length], self.received[length:]
        return int(lines[0].split()[1]), headers, body

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)

    def close(self):
        self.socket.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from conftest import Server
    one = Server(str(tmp_path_factory.mktemp("limits")), REDIS_URL="memory://")
    yield one
    assert one.stop() == 0


@pytest.fixture
def wire(server):
    open_ones = []

    def connect():
        open_ones.append(Wire(server))
        return open_ones[-1]

    yield connect
    for each in open_ones:
        each.close()


def refused(connection, status, code):
    got = connection.reply()
    assert got, "closed without a reply"
    assert (got[0], json.loads(got[2])["error"]["code"]) == (status, code)
    assert got[1]["Connection"] == "close"
    assert connection.reply() is None  # and nothing more is answered


def post(headers, body=b""):
    return b"POST /api/auth/login HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n" + headers + b"\r\n" + body


def get(target=b"/health", headers=b""):
    return b"GET " + target + b" HTTP/1.1\r\n" + HEAD + headers + b"\r\n"


def test_ten_megabytes_of_body_are_413(wire):
    body = b"x" * (10 * MIB)
    refused(wire().send(post(b"Content-Length: %d\r\n" % len(body), body)), 413, "body_too_large")
    chunks = b"".join(b"8000\r\n" + b"x" * 0x8000 + b"\r\n" for _ in range(10 * MIB // 0x8000)) + b"0\r\n\r\n"
    refused(wire().send(post(b"Transfer-Encoding: chunked\r\n", chunks)), 413, "body_too_large")
    single = b"".join(b"1\r\nx\r\n" for _ in range(70_000)) + b"0\r\n\r\n"
    refused(wire().send(post(b"Transfer-Encoding: chunked\r\n", single)), 413, "body_too_large")


def test_hundred_kilobytes_of_headers_are_431(wire):
    refused(wire().send(get(headers=b"X-Large: " + b"a" * 100_000 + b"\r\n")), 431, "headers_too_large")
    refused(wire().send(get(headers=b"".join(b"X-%d: 1\r\n" % i for i in range(9_000)))), 431, "headers_too_large")


def test_ten_kilobytes_of_target_are_414(wire):
    refused(wire().send(get(b"/health?" + b"a" * 10_240)), 414, "target_too_long")
    refused(wire().send(get(b"/" + b"a" * 100_000)), 414, "target_too_long")


def test_one_byte_a_second_is_408_in_time(wire):
    slow, began = wire(), time.monotonic()
    slow.socket.settimeout(1)  # the pause between two bytes, and the wait for a reply, in one
    for byte in get(headers=b"X-Slow: " + b"a" * 60 + b"\r\n"):
        slow.send(bytes([byte]))
        try:
            if slow.socket.recv(1, socket.MSG_PEEK):
                break
        except socket.timeout:
            continue
    refused(slow, 408, "request_timeout")
    assert time.monotonic() - began < 30  # ten seconds are allowed; the rest is for a loaded machine


def test_bad_request_in_the_middle_of_a_pipeline(wire):
    for bad in (b"broken\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n", get(b"/\x00"), post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xx")):
        pipeline = wire().send(get() + get(b"/api/gigs") + bad + HIDDEN)
        assert [pipeline.reply()[0] for _ in range(2)] == [200, 200]
        refused(pipeline, 400, "malformed")


@pytest.mark.parametrize("data", [
    post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"0\r\n\r\n"),
    post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    post(b"Content-Length: 4\r\nContent-Length: 5\r\n", b"{}  "),
    post(b"Content-Length: 4\r\nContent-Length: 4\r\n", b"{}  "),
    post(b"Content-Length: 4, 4\r\n", b"{}  "),
    post(b"Content-Length: +4\r\n", b"{}  "),
    post(b"Content-Length: 0x4\r\n", b"{}  "),
    post(b"Content-Length: 4 4\r\n", b"{}  "),
    post(b"Content-Length: 99999999999999999999\r\n", b"{}  "),
    post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n"),
    post(b"Transfer-Encoding: chunked\r\n", b"fffffffffffffffff\r\n"),
    post(b"Transfer-Encoding: chunked\r\n", b"0x2\r\n{}\r\n0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked\r\n", b"2\n{}\n0\n\n"),
    get(headers=b"X: a\nX-Bare: lf\r\n"),
    get(headers=b"X: a\rX-Bare: cr\r\n"),
    get(headers=b"X: nul\x00\r\n"),
    get(headers=b"X\x00: nul\r\n"),
    get(headers=b"No colon\r\n"),
    get(headers=b": no name\r\n"),
    get(headers=b"X Y: blank\r\n"),
    get(headers=b"\xc3\xa9: name\r\n"),
    get(b"/health\x00"),
    get(b"/health\xff"),
    get(b"/health?a=%ff"),
    get(b"/health?a=%00"),
    get(b"/health?a=%c0%af"),
    get(b"/health a"),
    b"GET /health HTTP/1.1\r\n" + HEAD + HEAD + b"\r\n",
    b"GET /health HTTP/1.1\r\n\r\n",
    b"GET /health HTTP/1.1 \r\n" + HEAD + b"\r\n",
    b"GET /health HTTP/9.9\r\n" + HEAD + b"\r\n",
    b"G\x00T /health HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /health HTTP/1.1\n" + HEAD + b"\r\n",
    b" GET /health HTTP/1.1\r\n" + HEAD + b"\r\n",
])
def test_what_can_be_read_in_two_ways_is_malformed_and_ends_the_connection(wire, data):
    refused(wire().send(data + HIDDEN), 400, "malformed")


def test_folded_header_is_one_header(wire):
    """RFC 9112, section 5.2: refused, or its fold read as blanks; never as a header of its own."""
    folded = wire().send(get(headers=b"X-Request-Id: a\r\n X-Request-Id: b\r\n") + get(headers=b"X-Request-Id: next\r\n"))
    status, headers, _ = folded.reply()
    assert status in (200, 400) and re.fullmatch(r"[0-9a-z]{15}", headers["X-Request-Id"])
    if status == 200:
        assert folded.reply()[1]["X-Request-Id"] == "next"


def test_text_that_is_not_utf8(wire):
    body = b'{"email":"\xff\xfe@example.com","password":"x"}'
    refused_softly = wire().send(post(b"Content-Length: %d\r\n" % len(body), body))
    status, _, text = refused_softly.reply()
    assert (status, json.loads(text)["error"]["code"]) == (400, "malformed")
    # Headers may hold any byte above ASCII (RFC 9110, section 5.5), and none of it comes back or is believed.
    for headers, wanted in ((b"X-Request-Id: \xff\xfe\r\n", 200), (b"Authorization: Bearer \xff\xfe\r\n", 401),
                            (b"Origin: \xc3\x28\r\n", 200), (b"X-Forwarded-For: \xff\r\n", 200), (b"If-None-Match: \xff\r\n", 200)):
        status, answer, _ = refused_softly.send(get(headers=headers)).reply()
        assert status == wanted and re.fullmatch(r"[0-9a-z]{15}", answer["X-Request-Id"]), headers


def test_server_goes_on_after_all_that(server):
    assert server.get("/health").status_code == 200
