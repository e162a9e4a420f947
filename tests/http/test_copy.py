"""bookings-server copy, from outside: a server on the copy with the same Redis, copies that are killed, stores that are
written to meanwhile."""
import os
import re
import signal
import sqlite3
import subprocess

import pytest

from conftest import ON_MONGODB, SERVER, Server, mongodb, store_url, until

# From, to. With TEST_STORE=mongodb those in which it is one of both.
DIRECTIONS = [("sqlite", "mongodb"), ("mongodb", "sqlite"), ("mongodb", "mongodb")] if ON_MONGODB else [("sqlite", "sqlite")]
both_ways = pytest.mark.parametrize("kinds", DIRECTIONS, ids="-".join)
MANY = 1200 if ON_MONGODB else 3000  # bookings: several times what is copied at once; FerretDB is slow


class Stores:
    """Stores of these names in a folder, each in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.databases = folder, []

    def url(self, kind, name):
        (self.folder / name).mkdir(exist_ok=True)
        if kind == "sqlite":
            return f"sqlite:{self.folder}/{name}/bookings.db"
        if name not in self.databases:
            self.databases.append(name)
        return store_url(self.folder / name)

    def start(self, kind, name, **environment):
        return Server(str(self.folder), STORE_URL=self.url(kind, name), **environment)

    def drop(self):
        for name in self.databases:
            with mongodb(self.folder / name) as database:
                database.client.drop_database(database.name)


@pytest.fixture
def stores(tmp_path):
    made = Stores(tmp_path)
    yield made
    made.drop()


def environment(folder):
    clean = {k: v for k, v in os.environ.items() if k != "STORE_URL"}
    return {"cwd": folder, "env": {**clean, "JWT_SECRET": "s" * 40}, "text": True}


def copy(stores, source, target, **more):
    return subprocess.run([SERVER, "copy", "--from", source, "--to", target], capture_output=True, timeout=120,
                          **environment(stores.folder), **more)


def begin(stores, source, target):
    """A copy that has written some bookings and is stopped there."""
    process = subprocess.Popen([SERVER, "copy", "--from", source, "--to", target], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **environment(stores.folder))
    said = ""
    for line in process.stderr:
        said += line
        if "Copying bookings" in line:
            break
    process.send_signal(signal.SIGSTOP)
    part, whole = map(int, re.search(r"Copying bookings: (\d+) of (\d+)", said).groups())
    assert 0 < part < whole, said
    return process


def read(server, user, path="/api/bookings"):
    reply = server.get(path, user["token"])
    body = reply.json()
    return reply.headers["X-Cache"], body["total"], body["data"]


def fill(stores, kind, name):
    """A store with many bookings of one student."""
    server = stores.start("sqlite", "filling")
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert server.book(student, gig).status_code == 201
    assert server.stop() == 0
    with sqlite3.connect(stores.folder / "filling" / "bookings.db") as database:
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO bookings SELECT printf('70%022x', i), student_id, teacher_id, gig_id, 'pending', 'unpaid',"
            " scheduled_at + i, 30, 'Number ' || i, i, created_at + i, updated_at + i FROM bookings, n", (MANY - 1,))
    if kind == "mongodb":
        made = copy(stores, stores.url("sqlite", "filling"), stores.url(kind, name))
        assert made.returncode == 0, made.stderr
    else:
        os.rename(stores.folder / "filling", stores.folder / name)
    return student


@both_ways
def test_server_on_the_copy_goes_on_and_shows_nothing_that_was_cached_for_the_other(stores, redis_server, kinds):
    source, target = stores.url(kinds[0], "from"), stores.url(kinds[1], "to")
    server = stores.start(kinds[0], "from", REDIS_URL=redis_server.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    key = {"headers": {"Idempotency-Key": "the-first"}}
    assert server.book(student, gig).status_code == 201
    body = {"gigId": gig["id"], "scheduledAt": "2030-02-01T10:00:00Z"}
    kept = server.post("/api/bookings", student["token"], json=body, **key)
    assert kept.status_code == 201
    _, total, before = read(server, student)
    assert (total, read(server, student)) == (2, ("HIT", 2, before))
    assert [read(server, student, "/api/gigs")[0] for _ in range(2)] == ["MISS", "HIT"]

    busy = copy(stores, source, target)
    assert busy.returncode == 1 and "stop all of its servers" in busy.stderr, busy.stderr
    assert server.stop() == 0
    done = copy(stores, source, target)
    assert done.returncode == 0, done.stderr
    assert re.search(r"bookings +2, written by this run: 2\n", done.stdout), done.stdout
    entries = set(redis_server.client.scan_iter("*:query:*"))
    assert len(entries) >= 2

    moved = stores.start(kinds[1], "to", REDIS_URL=redis_server.url).wait_caching()
    assert entries <= set(redis_server.client.scan_iter("*:query:*"))  # it is all still there
    late = moved.book(student, gig, "2030-03-01T10:00:00Z")  # with the token of before
    assert late.status_code == 201, late.text
    cache, total, after = read(moved, student)
    assert (cache, total) == ("MISS", 3)
    assert after == [late.json()["data"], *before]
    assert read(moved, student)[:2] == ("HIT", 3)
    # Nothing here has changed the gigs: what was cached of them is dead all the same.
    assert [read(moved, student, "/api/gigs")[0] for _ in range(2)] == ["MISS", "HIT"]
    again = moved.post("/api/bookings", student["token"], json=body, **key)
    assert (again.status_code, again.json()["data"]["id"]) == (201, kept.json()["data"]["id"])
    login = moved.post("/api/auth/login", json={"email": student["email"], "password": "long enough"})
    assert login.status_code == 200 and login.json()["data"]["user"]["id"] == student["id"]
    assert moved.stop() == 0


@pytest.mark.parametrize("kinds, end", [*((kinds, signal.SIGKILL) for kinds in DIRECTIONS), (DIRECTIONS[0], signal.SIGINT)],
                         ids=lambda each: each.name if isinstance(each, signal.Signals) else "-".join(each))
def test_copy_that_was_broken_off_goes_on(stores, kinds, end):
    student = fill(stores, kinds[0], "from")
    source, target = stores.url(kinds[0], "from"), stores.url(kinds[1], "to")
    process = begin(stores, source, target)
    process.send_signal(end)
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (1 if end == signal.SIGINT else -signal.SIGKILL), said
    assert end == signal.SIGKILL or "run it again" in said

    # There is no half of a store: nobody can start on it by mistake.
    if kinds[1] == "sqlite":
        assert not os.path.exists(target.removeprefix("sqlite:"))
    else:
        refused = subprocess.run([SERVER], capture_output=True, timeout=60, **{
            **environment(stores.folder), "env": {**environment(stores.folder)["env"], "STORE_URL": target, "PORT": "0"}})
        assert refused.returncode == 1 and "was not finished" in refused.stderr, refused.stderr

    again = copy(stores, source, target)
    assert again.returncode == 0, again.stderr
    rows, written = map(int, re.search(r"bookings +(\d+), written by this run: (\d+)\n", again.stdout).groups())
    assert rows == MANY and 0 < written < MANY, again.stdout
    server = stores.start(kinds[1], "to")
    token = server.post("/api/auth/login", json={"email": student["email"], "password": "long enough"}).json()["data"]["token"]
    assert server.get("/api/bookings", token).json()["total"] == MANY
    assert server.stop() == 0


@both_ways
def test_source_that_is_written_to_meanwhile_is_noticed_and_copied_by_the_next_run(stores, kinds):
    student = fill(stores, kinds[0], "from")
    source, target = stores.url(kinds[0], "from"), stores.url(kinds[1], "to")
    process = begin(stores, source, target)
    if kinds[0] == "sqlite":
        with sqlite3.connect(source.removeprefix("sqlite:")) as database:
            database.execute("UPDATE users SET name = 'Another' WHERE id = ?", (student["id"],))
    else:
        with mongodb(stores.folder / "from") as database:
            assert database.users.update_one({"email": student["email"]}, {"$set": {"name": "Another"}}).modified_count == 1
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "somebody wrote to one of the stores" in said, said
    again = copy(stores, source, target)
    assert again.returncode == 0 and "users            " in again.stdout, again.stderr
    server = stores.start(kinds[1], "to")
    login = server.post("/api/auth/login", json={"email": student["email"], "password": "long enough"})
    assert login.json()["data"]["user"]["name"] == "Another"
    assert server.stop() == 0


def test_copy_refuses_what_would_lose_something_and_tells_no_password(stores):
    source, target = stores.url("sqlite", "from"), stores.url("sqlite", "to")
    missing = copy(stores, source, target)
    assert missing.returncode == 1 and "no such file" in missing.stderr and source.removeprefix("sqlite:") in missing.stderr
    assert os.listdir(stores.folder / "from") == os.listdir(stores.folder / "to") == []
    for name in ("from", "to"):
        assert stores.start("sqlite", name).stop() == 0
    there = (stores.folder / "to" / "bookings.db").read_bytes()
    full = copy(stores, source, target)
    assert full.returncode == 1 and "it is there already" in full.stderr
    assert (stores.folder / "to" / "bookings.db").read_bytes() == there
    assert not [name for name in os.listdir(stores.folder / "to") if "copying" in name]

    same = copy(stores, source, "sqlite:from/../from/bookings.db")
    assert same.returncode == 2 and "the same store" in same.stderr
    nothing = subprocess.run([SERVER, "copy"], capture_output=True, timeout=60, **environment(stores.folder))
    assert nothing.returncode == 2 and "--from" in nothing.stderr
    for wrong in ("postgres://u:hunter2@h/b", "mongodb://u:hunter2@h"):
        refused = copy(stores, source, wrong)
        assert refused.returncode == 2 and "--to" in refused.stderr and "hunter2" not in refused.stderr
    away = copy(stores, source, "mongodb://u:hunter2@127.0.0.1:1/b?serverSelectionTimeoutMS=200")
    assert away.returncode == 1 and "127.0.0.1:1" in away.stderr
    assert "hunter2" not in away.stderr + away.stdout


def test_old_log_beside_the_name_of_the_copy_is_refused(stores):
    assert stores.start("sqlite", "from").stop() == 0
    (stores.folder / "to").mkdir()
    (stores.folder / "to" / "bookings.db-wal").write_bytes(b"of another store")
    refused = copy(stores, stores.url("sqlite", "from"), stores.url("sqlite", "to"))
    assert refused.returncode == 1 and "earlier store" in refused.stderr, refused.stderr


def test_store_of_an_older_version_is_refused_as_a_source(stores):
    assert stores.start("sqlite", "from").stop() == 0
    with sqlite3.connect(stores.folder / "from" / "bookings.db") as database:
        database.execute("PRAGMA user_version = 4")
    refused = copy(stores, stores.url("sqlite", "from"), stores.url("sqlite", "to"))
    assert refused.returncode == 1 and "start bookings-server on it once" in refused.stderr, refused.stderr
