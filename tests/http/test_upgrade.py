"""Rolling upgrades: entries of another format, stores of other versions."""
import os
import sqlite3
import subprocess

from conftest import SERVER, needs_a_file, until

pytestmark = needs_a_file


def test_entry_of_another_format_is_a_miss_and_is_replaced(server, redis_server):
    student = server.register("student")
    read = lambda: server.get("/api/bookings", student["token"])
    assert [read().headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    key = f'bookings:user:{student["id"]}:role:student:query:{{}}'
    redis = redis_server.client
    ours = redis.get(key)
    assert ours.startswith("RP1 ")
    forgery = ours.replace('"data":[]', '"data":[{"id":"of another version"}]')
    for theirs in (forgery.replace("RP1 ", "RP2 ", 1), forgery.replace("RP1 ", "RP0 ", 1), forgery[4:], "", "RP1 ", "\n", "{}"):
        redis.set(key, theirs, keepttl=True)
        reply = read()
        assert (reply.headers["X-Cache"], reply.json()["data"]) == ("MISS", []), theirs[:40]
        assert redis.get(key).startswith("RP1 ")
        assert read().headers["X-Cache"] == "HIT"
    ours = redis.get(key)
    redis.set(key, ours.replace('"page":1', '"page":7'), keepttl=True)  # what makes the difference: this is our own format
    reply = read()
    assert (reply.headers["X-Cache"], reply.json()["page"]) == ("HIT", 7)


def test_session_of_another_form_lets_nobody_in_and_is_read_again_after_a_logout(server, redis_server):
    """The text is compared as a whole: what this version would not have written is no good session."""
    student = server.register("student")
    assert server.get("/api/auth/me", student["token"]).status_code == 200
    key = f'sessions:user:{student["id"]}:role:any:query:{{}}'
    ours = redis_server.client.get(key)
    assert ours.endswith('{"version":1,"state":"active","role":"student"}')
    redis_server.client.set(key, ours.replace('"role":"student"', '"role":"admin!!"'), keepttl=True)
    assert server.get("/api/auth/me", student["token"]).status_code == 401
    redis_server.client.delete(key)
    assert server.get("/api/auth/me", student["token"]).status_code == 200


def serve(folder):
    environment = {**os.environ, "STORE_URL": f"sqlite:{folder}/bookings.db", "PORT": "0"}
    return subprocess.run([SERVER], env=environment, cwd=folder, text=True, capture_output=True, timeout=60)


def version_of(folder, become=None):
    with sqlite3.connect(f"{folder}/bookings.db") as database:
        if become is not None:
            database.execute(f"PRAGMA user_version = {become}")
        return database.execute("PRAGMA user_version").fetchone()[0]


def test_store_of_the_next_version_is_refused_with_status_1_and_left_as_it_is(start, tmp_path):
    first = start()
    user = first.register("student")
    assert first.stop() == 0
    newest = version_of(tmp_path)
    version_of(tmp_path, become=newest + 1)
    refused = serve(tmp_path)
    assert refused.returncode == 1, refused
    for words in (f"version {newest + 1}", f"versions up to {newest}", "start the newer program", "bookings.db"):
        assert words in refused.stderr, refused.stderr
    assert version_of(tmp_path) == newest + 1
    version_of(tmp_path, become=newest)
    again = start()
    assert again.get("/api/auth/me", user["token"]).status_code == 200



def change_as_a_newer_version(server, row, title):
    """A write of another version: its row, in its transaction, is of a kind that this one does not know."""
    with sqlite3.connect(f"{server.folder}/bookings.db", timeout=30) as database:
        database.execute("UPDATE gigs SET title = ?", (title,))
        number = database.execute("INSERT INTO outbox (what, created_at) VALUES (?, 0)", (row,)).lastrowid
        database.execute("UPDATE kept_replies SET outbox_rows = ?", (str(number),))


def test_change_of_an_unknown_kind_is_a_change_of_everything(server):
    """Also a row that is corrupt. The server stays up, shows what was written, acknowledges the row, and caches on."""
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    server.book(student, gig, "2030-01-15T10:00:00Z")
    lists = (("/api/gigs", None), (f"/api/gigs/{gig['id']}", None), ("/api/bookings", student["token"]))
    for number, row in enumerate(("discount:65f000000000000000000001", "", "gig:", "scope:no scope", "\x01\x02")):
        for path, token in lists:
            until(lambda: server.get(path, token).headers["X-Cache"] == "HIT", f"a hit on {path}")
        title = f"title {number}"
        change_as_a_newer_version(server, row, title)
        for path, token in lists:
            until(lambda: title in server.get(path, token).text, f"{title} on {path}, after {row!r}")
            until(lambda: server.get(path, token).headers["X-Cache"] == "HIT", f"a hit on {path} after {row!r}")
            assert title in server.get(path, token).text
        with sqlite3.connect(f"{server.folder}/bookings.db", timeout=30) as database:
            until(lambda: database.execute("SELECT min(acknowledged_to) >= (SELECT max(number) FROM outbox WHERE what = ?)"
                                           " FROM cache_identities", (row,)).fetchone() != (0,),
                  f"the acknowledgement of {row!r}")
    assert "cannot be read" in server.log()
    assert server.get("/ready").status_code == 200


def test_repetition_of_what_a_newer_version_wrote_is_answered_after_its_rows(server):
    """It tells of the write as the first reply did, and this version cannot tell whom the write concerns."""
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    path = f"/api/gigs/{gig['id']}"
    body = {"gigId": gig["id"], "scheduledAt": "2030-01-15T10:00:00Z", "durationMinutes": 60}
    send = lambda: server.post("/api/bookings", student["token"], json=body, headers={"Idempotency-Key": "k"})
    assert send().status_code == 201
    for number in range(3):
        until(lambda: server.get(path).headers["X-Cache"] == "HIT", f"a hit on {path}")
        change_as_a_newer_version(server, "discount:65f000000000000000000001", f"title {number}")
        reply = send()
        assert (reply.status_code, reply.headers.get("Idempotency-Replayed")) == (201, "true")
        assert server.get(path).json()["data"]["title"] == f"title {number}"
