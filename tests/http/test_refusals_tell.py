"""A refusal that tells of somebody else's write comes only when no node can show what was before that write."""
import signal
import sqlite3
import threading
from contextlib import closing

from conftest import ON_MONGODB, mongodb, until


def leased(server):
    """The identities that nodes use now."""
    if ON_MONGODB:
        with mongodb(server.folder) as database:
            return set(database.reprise_leases.distinct("identity")) - {""}
    with closing(sqlite3.connect(f"{server.folder}/bookings.db-leases")) as leases:
        return {identity for identity, in leases.execute("SELECT identity FROM leases WHERE identity <> ''")}


def test_refusal_waits_until_the_write_that_it_tells_of_shows_everywhere(server, start, other_redis):
    """A write waits for a node on another Redis, which is paused. It is committed meanwhile, and who asks for the same time
    learns of it: but not before the paused node can show the old list no more."""
    paused = start(REDIS_URL=other_redis.url).wait_caching()
    teacher, student, rival = (server.register(role) for role in ("teacher", "student", "student"))
    gig = server.make_gig(teacher)
    booking = server.book(student, gig).json()["data"]
    path = f"/api/bookings/{booking['id']}"
    until(lambda: paused.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT", "the entry")
    assert len(leased(server)) == 2
    accepted = []

    def accept():
        accepted.append(server.put(f"{path}/status", teacher["token"], json={"status": "accepted"}).status_code)

    paused.process.send_signal(signal.SIGSTOP)
    try:
        writer = threading.Thread(target=accept)
        writer.start()
        until(lambda: server.get(path, student["token"]).json()["data"]["status"] == "accepted", "the commit")
        reply = server.book(rival, gig)
        still_leased = leased(server)
        writer.join()
    finally:
        paused.process.send_signal(signal.SIGCONT)
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "overlap")
    assert len(still_leased) == 1
    assert accepted == [200]
    assert paused.get("/api/bookings", student["token"]).json()["data"][0]["status"] == "accepted"


def test_refusals_while_nothing_is_pending_do_not_wait(server):
    """They cost a look at the leases: a hundred refusals take no period each, and count as no waits."""
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    booking = server.book(student, gig).json()["data"]

    def waits():
        lines = [line for line in server.get("/metrics").text.splitlines() if line.startswith("reprise_write_wait_seconds_count")]
        return float(lines[0].split()[1])

    def settled_waits():
        before = waits()
        server.put(f"/api/bookings/{booking['id']}/status", student["token"], json={"status": "completed"})
        return waits() == before

    until(settled_waits, "everything to be acknowledged")
    before = waits()
    for _ in range(100):
        reply = server.put(f"/api/bookings/{booking['id']}/status", student["token"], json={"status": "completed"})
        assert reply.status_code == 409, reply.text
    assert waits() == before
