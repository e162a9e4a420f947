"""Limits on attempts: by address, shared by the nodes of one Redis, kept in memory without one, true in what they say."""
import signal
import time

import pytest

WRONG = {"email": "nobody@example.com", "password": "wrong password"}


def attempt(server, path="/api/auth/login", address=None, **body):
    headers = {"X-Forwarded-For": address} if address else {}
    return server.post(path, json={**WRONG, **body}, headers=headers)


def refused(reply):
    assert reply.status_code in (401, 429), reply.text
    if reply.status_code == 429:
        assert reply.json()["error"]["code"] == "too_many_requests" and int(reply.headers["Retry-After"]) >= 1
    return reply.status_code == 429


@pytest.fixture
def limited(start, redis_server):
    def begin(**environment):
        return start(**{"REDIS_URL": redis_server.url, "AUTH_RATE_LIMIT": 5, "TRUSTED_PROXIES": "127.0.0.1", **environment})
    return begin


def test_nodes_of_one_redis_share_a_limit(limited, redis_server):
    nodes = [limited().wait_caching(), limited().wait_caching()]
    assert [refused(attempt(nodes[i % 2])) for i in range(5)] == [False] * 5
    assert all(refused(attempt(node)) for node in nodes)
    keys = redis_server.client.keys("reprise:rate:*")
    assert keys == ["reprise:rate:default:sign-in:127.0.0.1"] and 0 < redis_server.client.ttl(keys[0]) <= 60


def test_register_and_login_count_together(limited):
    server = limited(REDIS_URL="")
    assert [attempt(server).status_code for _ in range(4)] == [401] * 4
    assert attempt(server, "/api/auth/register", name="A", role="nobody").status_code == 400
    assert refused(attempt(server)) and refused(attempt(server, "/api/auth/register"))


def test_addresses_behind_a_proxy_are_counted_apart_and_ipv6_by_its_64(limited):
    server = limited().wait_caching()
    for i in range(5):
        assert not refused(attempt(server, address="198.51.100.1"))
        assert not refused(attempt(server, address=f"2001:db8:1:2::{i}"))
    assert refused(attempt(server, address="198.51.100.1"))
    assert refused(attempt(server, address="made up, 198.51.100.1"))
    assert refused(attempt(server, address="2001:db8:1:2:ffff::1"))
    assert not refused(attempt(server, address="2001:db8:1:3::1"))
    assert not refused(attempt(server, address="198.51.100.2"))


def test_header_of_a_stranger_does_not_escape_the_limit(limited):
    server = limited(TRUSTED_PROXIES="10.0.0.0/8").wait_caching()
    results = [refused(attempt(server, address=f"198.51.100.{i}")) for i in range(6)]
    assert results == [False] * 5 + [True]


def test_retry_after_is_true(limited):
    server = limited(AUTH_RATE_LIMIT=60).wait_caching()  # one a second, after sixty
    reply = attempt(server)
    while not refused(reply):
        reply = attempt(server)
    time.sleep(int(reply.headers["Retry-After"]))  # what it promises is the thing under test
    assert not refused(attempt(server))


@pytest.mark.parametrize("environment", [{"REDIS_URL": ""}, {"REDIS_URL": "memory://"}])
def test_without_redis_each_process_counts(limited, environment):
    server = limited(**environment)
    if environment["REDIS_URL"]:
        server.wait_caching()  # what was counted before is counted elsewhere
    assert [refused(attempt(server)) for _ in range(6)] == [False] * 5 + [True]


def test_redis_that_does_not_answer_leaves_the_limit_to_memory(limited, redis_server):
    server = limited().wait_caching()
    redis_server.signal(signal.SIGSTOP)
    try:
        results = [refused(attempt(server)) for _ in range(12)]
    finally:
        redis_server.signal(signal.SIGCONT)
    assert results.count(False) == 5 and results[-1]


def test_zero_is_no_limit(limited):
    server = limited(AUTH_RATE_LIMIT=0)
    assert not any(refused(attempt(server)) for _ in range(40))


def test_renames_are_limited_by_user(server):
    teacher, other = server.register("teacher"), server.register("teacher")
    gig, others = server.make_gig(teacher), server.make_gig(other)
    rename = lambda who, what, title: server.put(f"/api/gigs/{what['id']}", who["token"], json={"title": title})
    replies = [rename(teacher, gig, f"Title {i}") for i in range(70)]
    statuses = [r.status_code for r in replies]
    assert statuses[:60] == [200] * 60 and statuses[-1] == 429
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 2
    assert rename(other, others, "Mine").status_code == 200  # from the same address
    # What was refused changed nothing, and what was not is seen.
    last = max(i for i, s in enumerate(statuses) if s == 200)
    assert server.get(f"/api/gigs/{gig['id']}").json()["data"]["title"] == f"Title {last}"
