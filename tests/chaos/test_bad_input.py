"""What no correct system does, done to real servers: an outbox of a million rows, a Redis that is another one each second, a
clock that jumps, a store that is away, outbox rows that nobody can read. The server stays up, says so in few lines, shows
nothing stale, and recovers alone."""
import contextlib
import fcntl
import os
import pathlib
import re
import sqlite3
import threading
import time

import pytest

from cluster import lasting
from fixtures import needs_a_file
from processes import SERVER, Redis, Server, is_sanitized, until

# Replayed at a start, each with a look at Redis: a million take ten seconds, and a minute under sanitizers.
REPLAYED = int(os.environ.get("CHAOS_ROWS") or 50_000)
FAKETIME = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Asker(threading.Thread):
    """Somebody who reads a list all the time, and what came of it; `floor` is what has been acknowledged so far."""

    def __init__(self, server, user):
        super().__init__(daemon=True)
        self.server, self.user, self.floor = server, user, 0
        self.replies, self.stale, self.ended = [], [], threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            floor, began = self.floor, time.monotonic()
            reply = self.server.get("/api/bookings", self.user["token"])
            self.replies.append((reply.status_code, reply.headers.get("X-Cache"), time.monotonic() - began))
            if reply.status_code == 200 and reply.json()["total"] < floor:
                self.stale.append((floor, reply.json()["total"], reply.headers["X-Cache"]))
            self.ended.wait(0.01)

    def results(self):
        return {result for _, result, _ in self.replies if result}

    def wait_hit(self):
        seen = len(self.replies)
        until(lambda: "HIT" in {result for _, result, _ in self.replies[seen:]}, "a hit")

    def stop(self):
        self.ended.set()
        self.join()
        assert not self.stale, self.stale
        return self


@pytest.fixture
def home(tmp_path):
    """A Redis and a folder; servers that are started there are stopped, and must have ended well."""
    class Home:
        redis, folder, servers = Redis(tmp_path), str(tmp_path), []

        def start(self, **environment):
            self.servers.append(Server(self.folder, **{"REDIS_URL": self.redis.url, "LOG_LEVEL": "info", **environment}))
            return self.servers[-1]

        def store(self):
            return contextlib.closing(sqlite3.connect(f"{self.folder}/bookings.db", timeout=20, isolation_level=None))

    here = Home()
    yield here
    for server in here.servers:
        if server.process.poll() is None:
            assert server.stop() == 0, server.log()
    here.redis.stop()


def a_booking(server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert server.book(student, gig).status_code == 201
    return teacher, student, gig


def fill_outbox(store, rows, forget=False):
    kinds = ("user_bookings", "user_profile", "gig_reviews", "teacher_reviews", "session", "user_name", "gig")
    now = int(time.time() * 1000)
    store.execute("CREATE TEMP TABLE kinds (number INTEGER PRIMARY KEY, kind TEXT)")
    store.execute("BEGIN IMMEDIATE")
    if forget:  # as when no node has used this Redis for an hour
        store.execute("DELETE FROM cache_identities")
    else:  # and another Redis, of the last hour, that will never acknowledge them
        store.execute("INSERT INTO cache_identities (identity, nonce, claimed_at) SELECT 'gone', 'gone', claimed_at FROM cache_identities")
    store.executemany("INSERT INTO temp.kinds VALUES (?, ?)", enumerate(kinds))
    store.execute("WITH RECURSIVE at (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM at WHERE n + 1 < ?)"
                  " INSERT INTO outbox (what, created_at)"
                  " SELECT printf('%s:%024x', kind, n % 50000), ? FROM at CROSS JOIN temp.kinds k ON k.number = n % ?",
                  (rows, now, len(kinds)))
    store.execute("COMMIT")


@needs_a_file
@pytest.mark.parametrize("redis_is", ["unknown", "known"])
def test_very_long_outbox_at_start(home, note, redis_is):
    rows = 1_000_000 if redis_is == "unknown" else REPLAYED
    server = home.start().wait_caching()
    teacher, student, gig = a_booking(server)
    assert server.stop() == 0
    server = home.start().wait_caching()
    server.get("/api/bookings", student["token"])
    usual = server.memory("VmHWM")
    assert server.stop() == 0
    with home.store() as store:
        fill_outbox(store, rows, forget=redis_is == "unknown")
        server, began = home.start(), time.monotonic()
        asker = Asker(server, student)
        asker.floor = 1
        began_writing = time.monotonic()
        assert server.book(student, gig, "2030-02-01T10:00:00Z").status_code == 201
        waited, asker.floor = time.monotonic() - began_writing, 2
        asker.wait_hit()
        took = time.monotonic() - began
        asker.stop()
        assert {status for status, *_ in asker.replies} == {200}
        slowest = max(took for *_, took in asker.replies)
        grown = server.memory("VmHWM") - usual
        if not is_sanitized(SERVER):  # address sanitizer keeps what was freed for a while
            assert grown < 64 << 20
        note(f"outbox of {rows:,} rows at start, Redis {redis_is}: first hit after {took:.1f} s, slowest read meanwhile "
             f"{slowest * 1000:.0f} ms, a write {waited * 1000:.0f} ms, {grown / 2**20:.0f} MiB more than usual")


def test_redis_that_is_another_one_each_second(home, note):
    server = home.start().wait_caching()
    teacher, student, gig = a_booking(server)
    asker, rounds = Asker(server, student), 6
    lines = server.log().count("\n")
    for at in range(rounds):
        asker.floor = at + 1
        home.redis.kill()
        home.redis.start()
        assert server.book(student, gig, f"2030-02-01T{10 + at}:00:00Z").status_code == 201
        asker.floor = at + 2
        lasting(1)
    written = [line for line in server.log().splitlines()[lines:] if "[Cache] Invalidated" not in line]
    asker.wait_hit()
    asker.stop()
    assert {status for status, *_ in asker.replies} == {200}
    assert "BYPASS" in asker.results()
    assert len(written) <= 4 * rounds, written  # lost, and connected: whatever the number of requests
    note(f"Redis another one each second, {rounds} times: {len(written)} lines in the log, {len(asker.replies)} reads, none stale")


@contextlib.contextmanager
def files_locked(folder, *names):
    """Nobody reads or writes these SQLite files: the locks of their write-ahead logs, all of them, are held."""
    with contextlib.ExitStack() as stack:
        for name in names:
            shared = stack.enter_context(open(f"{folder}/{name}-shm", "r+b"))
            # Bytes 120 to 127: writer, checkpointer, recovery and five readers (SQLite's "WAL-mode file format", 2.3.1).
            until(lambda: locked(shared), f"the locks of {name}")
        yield


def locked(shared):
    with contextlib.suppress(BlockingIOError):
        fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 8, 120)
        return True


@needs_a_file
def test_store_that_is_away_while_redis_is_there(home, note):
    server = home.start(WORKERS=2).wait_caching()
    teacher, student, gig = a_booking(server)
    lines = server.log().count("\n")
    ask = lambda: server.get("/api/bookings", student["token"])
    until(lambda: ask().headers["X-Cache"] == "HIT", "a hit")
    statuses, late_reply = [], []
    late = lambda: late_reply.append(server.book(student, gig, "2030-02-03T10:00:00Z"))
    writer = threading.Thread(target=late)
    with files_locked(home.folder, "bookings.db", "bookings.db-leases"):
        writer.start()
        end = time.monotonic() + 7
        while time.monotonic() < end:
            with contextlib.suppress(Exception):  # a client of less patience than the store's own
                statuses.append(server.http.get(server.url + "/health", timeout=1).status_code)
                statuses.append(server.http.get(server.url + "/api/bookings", timeout=0.2,
                                                headers={"Authorization": f"Bearer {student['token']}"}).status_code)
    began = time.monotonic()
    writer.join()
    server.wait_caching()
    until(lambda: ask().status_code == 200 and ask().headers["X-Cache"] == "HIT", "a hit")
    back = time.monotonic() - began
    assert server.book(student, gig, "2030-02-02T10:00:00Z").status_code == 201
    # The late write waited for the store: it was made when the store came back, or refused if that took it too long.
    made = {201: 1, 503: 0}[late_reply[0].status_code]
    assert ask().json()["total"] == 2 + made
    written = [line for line in server.log().splitlines()[lines:] if "[Cache] Invalidated" not in line]
    assert set(statuses) <= {200, 503} and 200 in statuses
    assert any("store" in line.lower() for line in written), written
    assert len(written) <= 40, written
    note(f"store away for 7 s: {len(written)} lines in the log, hits again {back:.1f} s after it came back")


@needs_a_file
def test_outbox_rows_that_nobody_can_read(home):
    server = home.start().wait_caching()
    teacher, student, gig = a_booking(server)
    asker = Asker(server, student)
    asker.floor = 1
    lines = server.log().count("\n")
    for at in range(8):
        with home.store() as store:
            store.executemany("INSERT INTO outbox (what, created_at) VALUES (?, ?)",
                              [(what, int(time.time() * 1000) - 5000 * at) for what in
                               ("", "user_bookings:", "nonsense", "gig:../../etc", "\x00\xff", "x" * 100_000, "later_kind:" + "0" * 24)])
        assert server.book(student, gig, f"2030-02-01T{10 + at}:00:00Z").status_code == 201
        asker.floor = at + 2
        lasting(0.3)
    asker.wait_hit()
    asker.stop()
    assert {status for status, *_ in asker.replies} == {200}
    written = [line for line in server.log().splitlines()[lines:] if "[Cache] Invalidated" not in line]
    assert len(written) <= 8 * 7 + 4, written  # each row at most once, and what a start says
    restarted = home.start().wait_caching()
    assert restarted.get("/api/bookings", student["token"]).json()["total"] == 9


class Clock:
    """The wall clock of processes that are started with its environment. Their other clocks go on as they are."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "faketime")
        self.set("-2h")  # what is made in the beginning is never from the future
        self.environment = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset):
        with open(self.file + ".new", "w") as file:
            file.write(offset + "\n")
        os.replace(self.file + ".new", self.file)


@pytest.mark.skipif(not FAKETIME, reason="the package faketime is not installed")
def test_clock_that_jumps_an_hour_either_way(home, note):
    """All nodes of a machine share its clock, so both jump; only the wall clock does, as when somebody sets it."""
    if is_sanitized(SERVER):
        pytest.skip("address sanitizer and libfaketime both want to be loaded first: run it with build/dev or build/release")
    clock = Clock(home.folder)
    nodes = [home.start(**clock.environment).wait_caching() for _ in range(2)]
    teacher, student, gig = a_booking(nodes[0])
    askers = [Asker(node, student) for node in nodes]
    total = 1
    for asker in askers:
        asker.floor = total
        asker.wait_hit()
    lines = [node.log().count("\n") for node in nodes]
    hours = (-1, 0, -1, 0, -2, 0, 2, 0)
    for hour in hours:
        clock.set(f"{hour:+}h")
        lasting(0.6)
        for node in nodes:
            assert node.book(student, gig, f"2030-03-{total:02}T10:00:00Z").status_code == 201
            total += 1
            for asker in askers:
                asker.floor = total
        for asker in askers:
            asker.wait_hit()
    for asker in askers:
        asker.stop()
        assert {status for status, *_ in asker.replies} == {200}
    # A token that a clock ahead of ours has made is refused until that time has come; none is lost.
    fresh = nodes[0].register("student")
    status = lambda: nodes[1].get("/api/auth/me", fresh["token"]).status_code
    assert status() == 200
    clock.set("-1h")
    until(lambda: status() == 401, "the token to be from the future")
    clock.set("+0h")
    until(lambda: status() == 200, "the token to be good again")
    written = [line for node, before in zip(nodes, lines) for line in node.log().splitlines()[before:]
               if "[Cache] Invalidated" not in line]
    assert len(written) <= 40, written
    note(f"clock set an hour or two either way, {len(hours)} times: {sum(len(asker.replies) for asker in askers)} reads, none stale, "
         f"{len(written)} lines in the log")
