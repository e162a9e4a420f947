"""bookings-server doctor, from outside: what it says of servers that are good, wrong, limited, strange, or away, and its
exit status. The rule throughout: a check that cannot be made says so, and the rest goes on."""
import json
import os
import signal
import subprocess
import time

import pytest

import acl
from conftest import ON_MONGODB, SERVER, Redis, free_port, store_url, until
from strange_servers import answering, commands
from test_redis_acl import guarded  # noqa: F401  fixtures
from test_redis_strange import STRANGE, behind  # noqa: F401
from test_redis_tls import authority, good, tls_redis  # noqa: F401
from topology import RedisCluster, lone_sentinel

pytestmark = pytest.mark.skipif(ON_MONGODB, reason="begins with a store in a file; test_mongodb_doctor.py has the other kind")

SLOWEST = 30  # seconds that a whole run may take, whatever it meets


def run(folder, *arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("REDIS_", "QUEUE_"))}
    clean.update({"JWT_SECRET": "s" * 40, "STORE_URL": store_url(folder), "WORKERS": "2", **environment})
    return subprocess.run([SERVER, "doctor", *arguments], cwd=folder, env=clean, capture_output=True, text=True, timeout=SLOWEST)


class Report:
    def __init__(self, done):
        self.status, self.text = done.returncode, done.stdout
        parsed = json.loads(done.stdout)
        self.worst, self.checks = parsed["worst"], {}
        order = ["good", "skipped", "warning", "bad"]
        for each in parsed["checks"]:  # of several of one name, the worst
            key = each["about"], each["check"]
            if key not in self.checks or order.index(each["verdict"]) > order.index(self.checks[key]["verdict"]):
                self.checks[key] = each

    def verdict(self, about, check):
        return self.checks[about, check]["verdict"]

    def seen(self, about, check):
        return self.checks[about, check]["seen"]

    def bad(self):
        return [key for key, each in self.checks.items() if each["verdict"] == "bad"]


@pytest.fixture
def examine(tmp_path):
    """examine(REDIS_URL=…): the report of a run with --json."""
    def begin(**environment):
        return Report(run(tmp_path, "--json", **environment))
    return begin


@pytest.fixture
def cache_redis(tmp_path):
    server = Redis(tmp_path, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    yield server
    server.stop()


def test_all_is_good_and_nothing_is_changed(start, examine, cache_redis, tmp_path):
    server = start(REDIS_URL=cache_redis.url).wait_caching()
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    keys = set(cache_redis.client.keys("*"))
    report = examine(REDIS_URL=cache_redis.url)
    assert (report.status, report.worst, report.bad()) == (0, "good", []), report.text
    assert report.seen("cache", "keys").startswith(f"all {len(keys)} keys: {len(keys)} of ours")
    assert "1 process uses a cache" in report.seen("store", "leases")
    assert report.verdict("queue", "configuration") == "skipped"
    assert set(cache_redis.client.keys("*")) == keys, "a key of the doctor's stayed"
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"


def test_text_has_a_line_for_each_check_and_no_colours_in_a_file(tmp_path, cache_redis):
    done = run(tmp_path, REDIS_URL=cache_redis.url)
    assert done.returncode == 0 and "\x1b" not in done.stdout, done.stdout
    for word in ("cache\n", "latency", "tracking", "store\n", "good", " skipped\n"):
        assert word in done.stdout, done.stdout


def test_wrong_configuration_and_usage_are_status_2(tmp_path):
    for words, environment in ((["--json"], {"REDIS_URL": "http://x:hunter2@y"}), (["--jsn"], {}), ([], {"WORKERS": "none"})):
        done = run(tmp_path, *words, **environment)
        assert (done.returncode, done.stdout) == (2, ""), (words, done.stdout)
        assert done.stderr and "hunter2" not in done.stderr


@pytest.mark.parametrize("credentials", ["bookings-cache:hunter2@", "nobody:hunter2@", ""])
def test_wrong_credentials_are_named_and_not_repeated(examine, guarded, credentials):
    report = examine(REDIS_URL=guarded.url.replace(acl.CACHE, credentials))
    assert (report.status, report.bad()) == (1, [("cache", "login")]), report.text
    assert "hunter2" not in report.text
    for check in ("info", "rights", "latency", "identity"):
        assert report.verdict("cache", check) == "skipped"
        assert 'the check "login"' in report.seen("cache", check)


def test_documented_user_lacks_nothing(examine, guarded, gateway):
    report = examine(REDIS_URL=guarded.url, QUEUE_REDIS_URL=guarded.url.replace(acl.CACHE, acl.QUEUE),
                     **{k: str(v) for k, v in gateway.environment(free_port()).items()})
    assert not report.bad(), report.text
    assert report.verdict("cache", "rights") == report.verdict("queue", "rights") == "good"
    assert report.verdict("queue", "neighbours") == "warning"
    assert guarded.client.keys("*") == [], "the queue's user was made to write"


LACKING = [("bookings-cache", right) for right in ("unlink", "mget", "evalsha", "zremrangebyscore", "get")] + [
    ("bookings-queue", right) for right in ("lpush", "bzpopmin", "hset", "xadd", "incr", "evalsha")]


@pytest.mark.parametrize("user, right", LACKING)
def test_right_that_is_missing_is_named_with_its_rule(examine, guarded, gateway, user, right):
    acl.forbid(guarded.client, user, "-" + right)
    report = examine(REDIS_URL=guarded.url, QUEUE_REDIS_URL=guarded.url.replace(acl.CACHE, acl.QUEUE),
                     **{k: str(v) for k, v in gateway.environment(free_port()).items()})
    about = user.removeprefix("bookings-")
    assert report.status == 1 and (about, "rights") in report.bad(), report.text
    assert report.seen(about, "rights") == "refused: " + right, report.text
    assert f"+{right} " in report.checks[about, "rights"]["advice"]
    assert guarded.client.keys("bull:*") == []


def test_right_to_keys_that_is_missing_is_named(examine, guarded):
    rules = [each for each in acl.rights("bookings-cache") if each != "~sessions:*"]
    guarded.client.execute_command("ACL", "SETUSER", "bookings-cache", "reset", "on", ">secret", *rules)
    report = examine(REDIS_URL=guarded.url)
    assert report.seen("cache", "rights") == "keys refused: sessions:*", report.text


@pytest.mark.parametrize("right, check", [("info", "info"), ("client|tracking", "tracking"), ("script|load", "scripts")])
def test_right_without_which_the_cache_is_bypassed_is_bad(examine, guarded, right, check):
    acl.forbid(guarded.client, "bookings-cache", "-" + right)
    report = examine(REDIS_URL=guarded.url)
    assert report.status == 1 and ("cache", check) in report.bad(), report.text
    assert report.verdict("cache", "latency") == "good"


def test_replica_is_bad_and_its_master_named(examine, redis_server, other_redis):
    other_redis.client.replicaof("127.0.0.1", redis_server.port)
    until(lambda: other_redis.client.info("replication")["master_link_status"] == "up", "a replica")
    report = examine(REDIS_URL=other_redis.url)
    assert ("cache", "role") in report.bad()
    assert report.seen("cache", "role") == f"a replica of 127.0.0.1:{redis_server.port}"
    assert "READONLY" in report.seen("cache", "writing")


@pytest.mark.parametrize("policy, bound, verdict", [("noeviction", "50mb", "warning"), ("allkeys-lru", "0", "warning"),
                                                    ("allkeys-lfu", "50mb", "good")])
def test_eviction_of_a_cache(examine, redis_server, policy, bound, verdict):
    redis_server.client.config_set("maxmemory-policy", policy)
    redis_server.client.config_set("maxmemory", bound)
    report = examine(REDIS_URL=redis_server.url)
    assert (report.status, report.verdict("cache", "eviction")) == (0, verdict), report.text


def test_queue_whose_jobs_can_be_evicted_is_bad_and_a_shared_server_a_warning(examine, gateway, cache_redis, other_redis):
    payments = {k: str(v) for k, v in gateway.environment(free_port()).items()}
    other_redis.client.config_set("maxmemory", "50mb")
    other_redis.client.config_set("maxmemory-policy", "volatile-lru")
    report = examine(REDIS_URL=cache_redis.url, QUEUE_REDIS_URL=other_redis.url, **payments)
    assert (report.status, report.bad()) == (1, [("queue", "eviction")]), report.text
    other_redis.client.config_set("maxmemory-policy", "noeviction")
    report = examine(REDIS_URL=cache_redis.url, QUEUE_REDIS_URL=other_redis.url, **payments)
    assert (report.status, report.verdict("queue", "eviction")) == (0, "good"), report.text
    report = examine(REDIS_URL=cache_redis.url, **payments)
    assert (report.status, report.verdict("cache and queue", "eviction")) == (0, "warning"), report.text


def test_full_server_is_bad(examine, redis_server):
    redis_server.client.config_set("maxmemory", "100kb")  # less than an empty one takes
    report = examine(REDIS_URL=redis_server.url)
    assert report.status == 1 and report.seen("cache", "writing").startswith("OOM"), report.text


def test_keys_of_others_are_counted_and_not_repeated(examine, cache_redis):
    cache_redis.client.set("token:very-secret-value", "x")
    cache_redis.client.set("bookings:user:1:gen", "x")
    report = examine(REDIS_URL=cache_redis.url)
    assert report.verdict("cache", "keys") == "warning"
    assert "1 of ours, 1 of other programs (such as token" in report.seen("cache", "keys")
    assert "1 of ours have no TTL" in report.seen("cache", "keys")
    assert "very-secret" not in report.text


@pytest.mark.parametrize("kind", STRANGE)
def test_strange_server_is_bad_and_takes_no_time(examine, behind, kind):
    began = time.monotonic()
    report = examine(REDIS_URL=behind(STRANGE[kind][0]))
    assert report.status == 1 and [each for each in report.bad() if each[0] == "cache"], report.text
    assert time.monotonic() - began < SLOWEST / 2
    assert "hunter2" not in report.text and "\x1b" not in report.text
    assert report.verdict("store", "file") in ("good", "warning")


def test_server_that_stops_answering_is_not_waited_for_by_each_check(examine, behind):
    """A Redis up to its first INFO; then nothing any more."""
    def talk(client):
        for words in commands(client):
            if words[0] not in ("HELLO", "PING"):
                client.recv(1 << 20)
                time.sleep(SLOWEST)
            client.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n" if words[0] == "HELLO" else b"+PONG\r\n")

    began = time.monotonic()
    report = examine(REDIS_URL=behind(talk))
    assert report.status == 1 and ("cache", "info") in report.bad(), report.text
    assert time.monotonic() - began < SLOWEST / 2


def test_stalled_server_is_named(examine, redis_server):
    redis_server.signal(signal.SIGSTOP)
    report = examine(REDIS_URL=redis_server.url)
    redis_server.signal(signal.SIGCONT)
    assert report.bad() == [("cache", "protocol")] and "no answer within" in report.seen("cache", "protocol"), report.text


def test_proxy_that_passes_no_pushes_is_bad(examine, behind):
    answers = {"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n", "PING": b"+PONG\r\n"}
    report = examine(REDIS_URL=behind(answering(lambda words: answers.get(words[0], b"+OK\r\n"))))
    assert ("cache", "tracking") in report.bad(), report.text


def test_expired_certificate_is_named(examine, tls_redis, authority):
    running = tls_redis(authority.sign("expired", ends="20210101000000Z"))
    report = examine(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert (report.status, report.bad()) == (1, [("cache", "tls")]), report.text
    assert report.seen("cache", "tls") == "the server's certificate has expired"


def test_good_certificate_is_good_and_an_unknown_authority_bad(examine, tls_redis, authority, good):
    running = tls_redis(good)
    report = examine(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert (report.status, report.verdict("cache", "tls")) == (0, "good"), report.text
    assert "until 2039-01-01" in report.seen("cache", "tls")
    report = examine(REDIS_URL=running.url)
    assert report.bad() == [("cache", "tls")] and "unknown authority" in report.seen("cache", "tls")


def test_certificate_that_ends_soon_is_a_warning(examine, tls_redis, authority):
    soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 5 * 86400))
    report = examine(REDIS_URL=tls_redis(authority.sign("soon", ends=soon)).url, REDIS_CA_FILE=authority.ca)
    assert (report.status, report.verdict("cache", "tls")) == (0, "warning"), report.text


def test_redis_that_is_away_is_bad_and_the_store_is_looked_at(examine, start):
    start().stop()
    report = examine(REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert (report.status, report.bad()) == (1, [("cache", "port")]), report.text
    assert "Connection refused" in report.seen("cache", "port")
    assert report.verdict("store", "indexes") == "good"


def test_name_that_is_not_known_is_bad(examine):
    report = examine(REDIS_URL="redis://no-such-host.invalid")
    assert report.bad() == [("cache", "name")], report.text


def test_unix_socket_is_looked_at(examine, tmp_path):
    running = Redis(tmp_path, "--unixsocket", f"{tmp_path}/redis.sock")
    try:
        report = examine(REDIS_URL=f"redis+unix://{tmp_path}/redis.sock")
        assert (report.status, report.verdict("cache", "port")) == (0, "good"), report.text
    finally:
        running.stop()
    report = examine(REDIS_URL=f"redis+unix://{tmp_path}/none.sock")
    assert report.bad() == [("cache", "port")], report.text


def test_refused_connections_are_named(examine, redis_server):
    redis_server.client.config_set("maxclients", 1)
    report = examine(REDIS_URL=redis_server.url)
    assert report.bad() == [("cache", "login")] and "raise maxclients" in report.checks["cache", "login"]["advice"], report.text


@pytest.fixture
def cluster(tmp_path):
    running = RedisCluster(tmp_path, replicas=0)
    yield running.nodes
    running.stop()


def test_each_master_of_a_cluster_is_looked_at(examine, cluster):
    report = examine(REDIS_URL=f"redis+cluster://127.0.0.1:{cluster[0].port},127.0.0.1:{free_port()}")
    assert (report.status, report.bad()) == (0, []), report.text
    assert report.verdict("cache", "node") == "warning"  # of the one that is away
    for node in cluster:
        about = f"cache, master 127.0.0.1:{node.port}"
        for check in ("mode", "role", "writing", "rights", "tracking"):
            assert report.verdict(about, check) == "good", report.text


def test_right_that_only_a_cluster_needs_is_named(examine, cluster):
    for node in cluster:
        node.client.execute_command("ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-cluster|info")
    report = examine(REDIS_URL=f"redis+cluster://limited:secret@127.0.0.1:{cluster[0].port}")
    for node in cluster:
        assert report.seen(f"cache, master 127.0.0.1:{node.port}", "rights") == "refused: cluster|info", report.text


def test_cluster_with_a_slot_uncovered_is_told(examine, cluster):
    first = cluster[0].client
    lost = next(first_slot for first_slot, _, master, *_ in first.execute_command("CLUSTER SLOTS") if master[1] == cluster[0].port)
    first.execute_command("CLUSTER", "DELSLOTS", lost)
    report = examine(REDIS_URL=f"redis+cluster://127.0.0.1:{cluster[0].port}")
    assert "1 of 16384 slots have no master" in report.seen("cache", "node"), report.text
    report = examine(REDIS_URL=f"redis://127.0.0.1:{cluster[0].port}")
    assert ("cache", "mode") in report.bad()


@pytest.fixture
def sentinel(tmp_path, redis_server):
    """One that watches redis_server under the name main; its port."""
    with lone_sentinel(tmp_path, f"sentinel monitor main 127.0.0.1 {redis_server.port} 1\n") as port:
        yield port


def test_master_that_sentinels_name_is_looked_at(examine, sentinel, redis_server):
    report = examine(REDIS_URL=f"redis+sentinel://127.0.0.1:{sentinel},127.0.0.1:{free_port()}/main")
    assert (report.status, report.bad()) == (0, []), report.text
    assert report.verdict(f"cache, master 127.0.0.1:{redis_server.port}", "rights") == "good"


def test_sentinel_that_knows_no_such_master_is_bad(examine, sentinel):
    report = examine(REDIS_URL=f"redis+sentinel://127.0.0.1:{sentinel}/other")
    assert report.bad() == [("cache", "sentinel")], report.text
    assert "knows no master of the name other" in report.seen("cache", "sentinel")


class TestStoreInAFile:
    def test_that_is_not_there_is_a_warning_and_not_made(self, examine, tmp_path):
        report = examine(STORE_URL=f"sqlite:{tmp_path}/none/none.db")
        assert (report.status, report.verdict("store", "file")) == (0, "warning"), report.text
        assert not (tmp_path / "none").exists()

    def test_that_is_no_store_is_bad(self, examine, tmp_path):
        (tmp_path / "text.db").write_text("no database" * 1000)
        (tmp_path / "empty.db").write_text("")
        for name in ("text.db", "empty.db", "text.db/below.db"):
            report = examine(STORE_URL=f"sqlite:{tmp_path}/{name}")
            assert report.status == 1 and [each for each in report.bad() if each[0] == "store"], report.text

    def test_that_lacks_an_index_or_is_of_another_version_is_told(self, examine, start, tmp_path):
        import sqlite3
        start().stop()
        with sqlite3.connect(tmp_path / "bookings.db") as file:
            name, = file.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 1").fetchone()
            file.execute(f"DROP INDEX {name}")
        report = examine()
        assert report.bad() == [("store", "indexes")] and name in report.seen("store", "indexes"), report.text
        with sqlite3.connect(tmp_path / "bookings.db") as file:
            file.execute("PRAGMA user_version = 99")
        assert ("store", "schema") in examine().bad()

    def test_that_is_damaged_is_bad(self, examine, start, tmp_path):
        server = start()
        server.register("student")
        server.stop()
        path = tmp_path / "bookings.db"
        whole = bytearray(path.read_bytes())
        whole[4096:8192] = os.urandom(4096)  # the second page; the first holds the tables' texts
        path.write_bytes(whole)
        assert [each for each in examine().bad() if each[0] == "store"]

    def test_that_has_an_old_backlog_is_a_warning(self, examine, start, redis_server, tmp_path):
        import sqlite3
        server = start(REDIS_URL=redis_server.url).wait_caching()
        server.stop()
        with sqlite3.connect(tmp_path / "bookings.db") as file:
            file.execute("INSERT INTO outbox (what, created_at) VALUES ('{}', (unixepoch() - 300) * 1000)")
        report = examine(REDIS_URL=redis_server.url)
        assert report.verdict("store", "outbox") == "warning", report.text


def test_store_that_is_away_is_bad_and_redis_is_looked_at(examine, redis_server):
    away = f"mongodb://127.0.0.1:{free_port()}/bookings?serverSelectionTimeoutMS=500"
    report = examine(REDIS_URL=redis_server.url, STORE_URL=away)
    assert report.bad() == [("store", "opening")], report.text
    assert report.verdict("cache", "latency") == "good"
