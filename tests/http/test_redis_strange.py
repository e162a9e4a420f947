"""What is no Redis that can be used is named in the log, bypassed, and costs no memory."""

import pytest

from conftest import SERVER, Redis, free_port, until
from processes import is_sanitized
from strange_servers import StrangeServer, answering, commands, endless, old_redis, redis_that_tells
from test_redis_tls import caches, lost_because, serves_from_the_store
from topology import lone_sentinel

MOST_BYTES = 400 * 1024 * 1024  # with three connections, each of which may read 64 MiB into a buffer that grows


@pytest.fixture
def behind():
    """behind(talk): a strange server, and its URL."""
    running = []

    def begin(talk):
        running.append(StrangeServer(talk))
        return f"redis://:hunter2@127.0.0.1:{running[-1].port}"

    yield begin
    for each in running:
        each.stop()


def http(client):
    client.recv(65536)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def silent(client):
    while client.recv(65536):
        pass


def said(reply):
    return answering(lambda words: reply)


INFO = "redis_version:{}\r\nredis_mode:{}\r\nrun_id:" + "c" * 40
STRANGE = {
    "an HTTP server": (http, "no Redis that speaks RESP3"),
    "a silent port": (silent, "no answer within 2000 ms"),
    "one that hangs up": (lambda client: client.recv(1), "the server ended the connection before it answered"),
    "garbage": (said(b"\x00\xff\x16\x03\x01 what?\r\n"), "no Redis that speaks RESP3"),
    "half a reply": (lambda client: (client.recv(65536), client.sendall(b"%7\r\n$6\r\nser"), silent(client)), "no answer within"),
    "Redis 5": (answering(old_redis), "the server does not speak RESP3"),
    "RESP2 alone": (said(b"-NOPROTO unsupported protocol version\r\n"), "the server does not speak RESP3"),
    "RESP2 all the same": (said(b"*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n"), "INFO as Redis does not"),
    "Redis 6.0": (answering(redis_that_tells(INFO.format("6.0.16", "standalone"))), "Redis 6.0.16, and 6.2 is the oldest"),
    "Redis 6.1": (answering(redis_that_tells(INFO.format("6.1.240", "standalone"))), "6.2 is the oldest"),
    "a node of a cluster": (answering(redis_that_tells(INFO.format("7.2.0", "cluster"))), "a node of a cluster"),
    "INFO without an identity": (answering(redis_that_tells("redis_version:7.2.0\r\nredis_mode:standalone")), "is not told"),
    "INFO without replication": (answering(redis_that_tells(INFO.format("7.2.0", "standalone"), "")), "is not told"),
    "too many clients": (said(b"-ERR max number of clients reached\r\n"), "ERR max number of clients reached"),
    "an error with a line break": (said(b"-ERR a\x1b[31m\x07b\r\n"), "ERR a [31m b"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_server_is_named_and_bypassed(start, behind, kind):
    talk, why = STRANGE[kind]
    server = start(REDIS_URL=behind(talk))
    assert why in lost_because(server)
    serves_from_the_store(server)
    assert "hunter2" not in server.log()
    assert server.log().count("[Redis] Connection lost") == 1


GIBIBYTE = 1024 * 1024 * 1024
LARGE = {
    "one text": endless(b"$%d\r\n" % GIBIBYTE, b"x" * 65536),
    "a line without an end": endless(b"+", b"x" * 65536),
    "a list of a thousand million": endless(b"*1000000000\r\n", b":1\r\n" * 16384),
    "a map of a thousand million": endless(b"%1000000000\r\n", b":1\r\n" * 16384),
    "lists in lists": endless(b"", b"*1\r\n" * 16384),
    "pushes": endless(b"", b">2\r\n+message\r\n+x\r\n" * 4096),
}


@pytest.mark.parametrize("kind", LARGE)
def test_reply_of_a_gibibyte_ends_the_connection_and_costs_no_memory(start, behind, kind):
    server = start(REDIS_URL=behind(LARGE[kind]))
    lost_because(server)
    serves_from_the_store(server)
    if not is_sanitized(SERVER):
        assert server.memory("VmHWM") < MOST_BYTES, server.memory("VmHWM")


def test_large_reply_to_a_lookup_ends_the_connection(start, behind):
    """A Redis up to the first lookup, whose answer has no end."""
    answer = redis_that_tells(INFO.format("7.2.0", "standalone"))

    def talk(client):
        for words in commands(client):
            if words[0] == "MGET":
                client.sendall(b"*2\r\n$%d\r\n" % GIBIBYTE)
                while True:
                    client.sendall(b"x" * 65536)
            client.sendall(answer(words))

    server = start(REDIS_URL=behind(talk), REDIS_DEADLINE_MS="2000").wait_caching()
    student = server.register("student")
    for _ in range(3):
        reply = server.get("/api/bookings", student["token"])
        assert (reply.status_code, reply.headers["X-Cache"]) == (200, "BYPASS")
    assert "the server sent a reply of more than 67108864 bytes" in lost_because(server)
    if not is_sanitized(SERVER):
        assert server.memory("VmHWM") < MOST_BYTES


def test_replica_given_as_the_master_is_named_and_used_once_it_is_one(start, redis_server, other_redis):
    other_redis.client.replicaof("127.0.0.1", redis_server.port)
    until(lambda: other_redis.client.info("replication")["role"] == "slave", "a replica")
    server = start(REDIS_URL=other_redis.url)
    assert "the server is a replica" in lost_because(server)
    serves_from_the_store(server)
    other_redis.client.replicaof("NO", "ONE")
    caches(server)


def test_sentinel_given_as_a_server_is_named(start, tmp_path):
    with lone_sentinel(tmp_path) as port:
        server = start(REDIS_URL=f"redis://127.0.0.1:{port}")
        assert "the server is a sentinel" in lost_because(server)
        serves_from_the_store(server)


def test_node_of_a_real_cluster_is_named(start, tmp_path):
    node = Redis(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    try:
        server = start(REDIS_URL=node.url)
        assert "the server is a node of a cluster" in lost_because(server)
        serves_from_the_store(server)
    finally:
        node.stop()
