"""Backup of a running store, and a restored one on the same Redis: never an entry of the store that went on living."""
import os
import signal
import sqlite3
import subprocess
import threading

import pytest

from conftest import SERVER, needs_a_file, until

pytestmark = needs_a_file


def run(folder, *arguments):
    environment = {**os.environ, "STORE_URL": f"sqlite:{folder}/bookings.db"}
    return subprocess.run([SERVER, *arguments], env=environment, cwd=folder, text=True, capture_output=True, timeout=60)


def read(server, user, path="/api/bookings"):
    reply = server.get(path, user["token"])
    return reply.headers["X-Cache"], reply.json()["total"]


@pytest.mark.parametrize("how", ["restore", "by hand"])
def test_restored_store_never_shows_entries_of_the_newer_one(start, redis_server, tmp_path, how):
    server = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert server.book(student, gig, "2030-01-15T10:00:00Z").status_code == 201
    assert [read(server, student) for _ in range(2)] == [("MISS", 1), ("HIT", 1)]

    made = run(tmp_path, "backup", "copy.db")
    assert made.returncode == 0 and "checked" in made.stdout, made.stderr
    # The store goes on, and the cache with it: newer lists, and accounts that the backup has never heard of.
    assert server.book(student, gig, "2030-01-15T12:00:00Z").status_code == 201
    late = server.register("student")
    for who, total in ((student, 2), (teacher, 2), (late, 0)):
        assert [read(server, who) for _ in range(2)] == [("MISS", total), ("HIT", total)]
    assert [read(server, student, "/api/gigs") for _ in range(2)] == [("MISS", 1), ("HIT", 1)]
    assert server.stop() == 0
    entries = set(redis_server.client.scan_iter("*:query:*"))
    assert len(entries) >= 5

    if how == "restore":
        done = run(tmp_path, "restore", "copy.db")
        assert done.returncode == 0 and "is kept as" in done.stdout, done.stderr
    else:
        (tmp_path / "bookings.db").write_bytes((tmp_path / "copy.db").read_bytes())
    assert entries == set(redis_server.client.scan_iter("*:query:*"))  # it is all still there

    restored = start(REDIS_URL=redis_server.url).wait_caching()
    assert restored.log().count("[Store] This is a backup of store ") == 1
    assert restored.get("/api/bookings", late["token"]).status_code == 401
    for who in (student, teacher):
        assert [read(restored, who) for _ in range(2)] == [("MISS", 1), ("HIT", 1)]
    assert read(restored, student, "/api/gigs") == ("MISS", 1)
    # From here on it is a store like any other: the next start is warm.
    assert restored.stop() == 0
    again = start(REDIS_URL=redis_server.url).wait_caching()
    assert read(again, student) == ("HIT", 1) and "This is a backup" not in again.log()


def test_backup_under_writes_of_two_processes_holds_all_that_was_acknowledged_before(start, redis_server, tmp_path):
    nodes = [start(REDIS_URL=redis_server.url).wait_caching() for _ in range(2)]
    teacher, student = nodes[0].register("teacher"), nodes[0].register("student")
    gig = nodes[0].make_gig(teacher)
    stop, made, failed = threading.Event(), [], []

    def write(number):
        for i in range(10_000):
            if stop.is_set():
                return
            at = f"20{30 + number}-{1 + i // 672:02}-{1 + i // 24 % 28:02}T{i % 24:02}:00:00Z"
            reply = nodes[number].book(student, gig, at)
            (made if reply.status_code == 201 else failed).append(reply.json())

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(made) > 20, "writes")
        for i in range(3):
            before = len(made)
            assert run(tmp_path, "backup", f"copy{i}.db").returncode == 0
            after = len(made)
            with sqlite3.connect(tmp_path / f"copy{i}.db") as copy:
                held = copy.execute("SELECT count(*) FROM bookings").fetchone()[0]
                assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert before <= held <= after + 2  # one of each node may have committed and not yet been answered
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed


def test_backup_refuses_to_overwrite_and_says_what_is_wrong(start, tmp_path):
    missing = run(tmp_path, "backup", "copy.db")
    assert missing.returncode == 1 and "no such file" in missing.stderr and "bookings.db" in missing.stderr
    start()
    assert run(tmp_path, "backup", "copy.db").returncode == 0
    first = (tmp_path / "copy.db").read_bytes()
    refused = run(tmp_path, "backup", "copy.db")
    assert refused.returncode == 1 and "--force" in refused.stderr
    assert (tmp_path / "copy.db").read_bytes() == first
    assert run(tmp_path, "backup", "copy.db", "--force").returncode == 0
    assert run(tmp_path, "backup", "nowhere/copy.db").returncode == 1
    assert run(tmp_path, "backup").returncode == 2
    busy = run(tmp_path, "restore", "copy.db")
    assert busy.returncode == 1 and "stop it first" in busy.stderr
    assert not [name for name in os.listdir(tmp_path) if "partial" in name or "before-restore" in name]


def test_interrupted_backup_leaves_nothing(start, tmp_path):
    start().stop()
    with sqlite3.connect(tmp_path / "bookings.db") as database:  # large enough to be caught at it
        database.execute("CREATE TABLE filling (bytes BLOB)")
        database.executemany("INSERT INTO filling VALUES (zeroblob(?))", [(1 << 20,)] * 200)
    environment = {**os.environ, "STORE_URL": f"sqlite:{tmp_path}/bookings.db"}
    process = subprocess.Popen([SERVER, "backup", "copy.db"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    until(lambda: process.poll() is not None or any("partial" in name for name in os.listdir(tmp_path)), "the copy to begin")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in said) == (1, True), said
    assert not [name for name in os.listdir(tmp_path) if "copy.db" in name]
