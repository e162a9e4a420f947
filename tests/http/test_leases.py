"""Several nodes on one store of which not all see the same Redis: a write through any is shown by all, once it is acknowledged."""
import os
import signal
import subprocess

from conftest import SERVER, needs_a_file


def read(server, user):
    reply = server.get("/api/bookings", user["token"])
    assert reply.status_code == 200, reply.text
    return reply.headers["X-Cache"], reply.json()["total"]


def warm(server, user, total):
    """Until the entry is there: from here on the node answers from the cache, if it believes it."""
    while read(server, user)[0] != "HIT":
        pass
    assert read(server, user) == ("HIT", total)


def write_through_and_read_on(writer, reader, rounds=8):
    teacher, student = writer.register("teacher"), writer.register("student")
    gig = writer.make_gig(teacher)
    for total in range(rounds):
        warm(reader, student, total)
        assert writer.book(student, gig, f"2030-01-15T{10 + total}:00:00Z").status_code == 201
        assert read(reader, student)[1] == total + 1
        assert read(reader, teacher)[1] == total + 1


def test_write_through_a_node_without_redis_shows_on_a_node_with_it(server, start):
    write_through_and_read_on(start(), server)


def test_write_through_a_node_on_another_redis_shows(server, start, other_redis):
    write_through_and_read_on(start(REDIS_URL=other_redis.url).wait_caching(), server)


def test_write_through_a_node_with_the_cache_in_memory_shows(server, start):
    write_through_and_read_on(start(REDIS_URL="memory://").wait_caching(), server)


def test_paused_node_neither_holds_writes_up_for_good_nor_shows_what_was_before(server, start, other_redis):
    paused = start(REDIS_URL=other_redis.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    warm(paused, student, 0)
    paused.process.send_signal(signal.SIGSTOP)
    try:
        assert server.book(student, gig).status_code == 201
    finally:
        paused.process.send_signal(signal.SIGCONT)
    assert read(paused, student)[1] == 1


def test_killed_node_costs_one_write_its_wait_and_the_next_none(server, start, other_redis):
    dead = start(REDIS_URL=other_redis.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    dead.process.kill()
    dead.process.wait()

    def slow_writes():
        text = server.get("/metrics").text
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("reprise_write_wait_seconds"))
        return float(lines["reprise_write_wait_seconds_count"]) - float(lines['reprise_write_wait_seconds_bucket{le="0.5"}'])

    before = slow_writes()
    for hour in range(10, 14):
        assert server.book(student, gig, f"2030-01-15T{hour}:00:00Z").status_code == 201
    assert slow_writes() == before + 1


def test_purge_reaches_every_node_before_it_is_answered(server, start, other_redis):
    others = [start(REDIS_URL=other_redis.url).wait_caching(), start(REDIS_URL="memory://").wait_caching()]
    student = server.register("student")
    admin = server.post("/api/auth/login", json={"email": "admin@example.com", "password": "admin-password"}).json()["data"]["token"]
    for node in [server, *others]:
        warm(node, student, 0)
    assert server.post("/api/cache/invalidate", admin, json={"prefix": "bookings"}).status_code == 200
    for node in [server, *others]:
        assert read(node, student)[0] == "MISS"
    for node in [server, *others]:
        warm(node, student, 0)
    assert server.post("/api/cache/invalidate", admin, json={"prefix": "bookings", "userId": student["id"]}).status_code == 200
    for node in [server, *others]:
        assert read(node, student)[0] == "MISS"


@needs_a_file  # FerretDB 1 reads a whole collection for each document: to seed it takes long
def test_seed_is_done_when_running_servers_show_what_it_wrote(server):
    while server.get("/api/gigs").headers["X-Cache"] != "HIT":
        pass
    environment = {**os.environ, "STORE_URL": f"sqlite:{server.folder}/bookings.db"}
    subprocess.run([SERVER, "seed"], cwd=server.folder, env=environment, check=True, capture_output=True)
    assert server.get("/api/gigs").json()["total"] > 0
