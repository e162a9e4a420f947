"""Redis users with few rights: the ones that docs/operations.md gives are enough, and what happens where one is missing."""
import os
import subprocess
import sys

import pytest
import redis

import acl
import processes
from conftest import SERVER, Redis, free_port, until
from test_payments import initiated
from test_redis_tls import caches, lost_because, serves_from_the_store
from test_reviews import make_lesson

HERE = os.path.dirname(os.path.abspath(__file__))
CORE = ["test_tour.py", "test_cached_bookings.py", "test_sessions.py", "test_reviews.py", "test_rate_limits.py",
        "test_manual_payments.py", "test_dashboard.py"]


class Guarded(Redis):
    """A redis-server that lets in the documented users alone."""

    def start(self):
        self.options = acl.users()
        super().start()

    def connect(self):
        return redis.Redis(port=self.port, decode_responses=True, **acl.TESTER)

    @property
    def url(self):
        return f"redis://{acl.CACHE}127.0.0.1:{self.port}/0"


@pytest.fixture
def guarded(tmp_path):
    server = Guarded(tmp_path)
    yield server
    server.stop()


@pytest.mark.skipif(processes.UNDER_ACL, reason="is what runs this")
def test_core_of_this_suite_passes_under_the_fewest_rights():
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", *CORE], cwd=HERE, capture_output=True, text=True, timeout=550,
                         env={**os.environ, "TEST_REDIS_ACL": "1", "BOOKINGS_SERVER": SERVER})
    assert run.returncode == 0, run.stdout[-5000:]


def test_tracked_copies_and_a_database_need_no_more(start, guarded):
    caches(start(REDIS_URL=guarded.url.replace("/0", "/3"), CACHE_L1_MODE="tracked"))
    assert acl.refused(guarded.client) == []


def test_payment_goes_through_the_queue_with_the_fewest_rights(start, gateway, guarded):
    server = start(**gateway.environment(free_port()), REDIS_URL=guarded.url).wait_caching()
    payment = initiated(server, make_lesson(server, status="accepted"))
    until(lambda: guarded.client.zscore("bull:payments:completed", payment["id"]) is not None, "the job")
    assert acl.refused(guarded.client) == []


def test_user_and_password_are_percent_encoded(start, redis_server):
    redis_server.client.execute_command("ACL", "SETUSER", "a/b:c", "on", ">p@ss:w/rd %", "~*", "+@all")
    caches(start(REDIS_URL=f"redis://a%2Fb%3Ac:p%40ss%3Aw%2Frd%20%25@127.0.0.1:{redis_server.port}/2"))
    assert redis_server.client.info("keyspace").keys() == {"db2"}


def test_user_without_a_password_is_that_user(start, redis_server):
    redis_server.client.execute_command("ACL", "SETUSER", "open", "on", "nopass", "~*", "+@all")
    redis_server.client.execute_command("ACL", "SETUSER", "default", "-@all")
    caches(start(REDIS_URL=f"redis://open@127.0.0.1:{redis_server.port}"))


@pytest.mark.parametrize("credentials, why", [("bookings-cache:hunter2@", "WRONGPASS"), ("nobody:hunter2@", "WRONGPASS"),
                                              ("", "NOAUTH")])
def test_wrong_credentials_are_named_and_not_repeated(start, guarded, credentials, why):
    server = start(REDIS_URL=guarded.url.replace(acl.CACHE, credentials))
    assert lost_because(server).startswith(why)
    assert "hunter2" not in server.log()
    serves_from_the_store(server)


def test_database_that_is_not_there_is_named(start, redis_server):
    server = start(REDIS_URL=redis_server.url.replace("/0", "/99"))
    assert lost_because(server).startswith("ERR DB index is out of range")
    serves_from_the_store(server)


# Without one of these nothing of what Redis holds may be trusted: so nothing is.
@pytest.mark.parametrize("right, word", [("info", "info"), ("client|tracking", "client"), ("script|load", "script")])
def test_without_identity_tracking_or_scripts_everything_is_bypassed(start, guarded, right, word):
    acl.forbid(guarded.client, "bookings-cache", "-" + right)
    server = start(REDIS_URL=guarded.url)
    why = lost_because(server)
    assert why.startswith("NOPERM") and word in why, why
    serves_from_the_store(server)
    assert "reprise_trusted 0" in server.get("/metrics").text
    # The right is given back: the cache comes into use by itself.
    acl.forbid(guarded.client, "bookings-cache", "+" + right)
    caches(server)


@pytest.mark.parametrize("right", ["info", "unlink", "evalsha", "mget", "ping"])
def test_right_that_is_lost_while_in_use_serves_nothing_stale(start, guarded, right):
    server = start(REDIS_URL=guarded.url).wait_caching()
    student, teacher = server.register("student"), server.register("teacher")
    gig = server.make_gig(teacher)
    for _ in range(2):
        assert server.get("/api/bookings", student["token"]).json()["total"] == 0
    guarded.client.execute_command("ACL", "SETUSER", "bookings-cache", "-" + right)
    for number in range(1, 4):
        reply = server.book(student, gig, f"2030-01-{number:02}T10:00:00Z")
        assert reply.status_code == 201, reply.text
        assert server.get("/api/bookings", student["token"]).json()["total"] == number
    acl.forbid(guarded.client, "bookings-cache", "+" + right)
    until(lambda: server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT", "the cache to be back")
    assert server.get("/api/bookings", student["token"]).json()["total"] == 3


# What managed services forbid and nobody here asks for.
@pytest.mark.parametrize("right", ["config", "role", "acl", "client|setname", "client|list", "client|kill", "keys", "flushall"])
def test_what_is_not_used_may_be_forbidden(start, redis_server, right):
    redis_server.client.execute_command("ACL", "SETUSER", "managed", "on", ">secret", "~*", "+@all", "-" + right)
    caches(start(REDIS_URL=f"redis://managed:secret@127.0.0.1:{redis_server.port}"))


@pytest.mark.parametrize("right", ["info", "script|load", "evalsha", "bzpopmin", "xread"])
def test_queue_without_a_right_strands_no_payment(start, gateway, guarded, right):
    acl.forbid(guarded.client, "bookings-queue", "-" + right)
    server = start(**gateway.environment(free_port()), REDIS_URL=guarded.url).wait_caching()
    initiated(server, make_lesson(server, status="accepted"))
