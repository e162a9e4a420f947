"""Without Redis everything still works, from the store; and the cache comes back into use by itself, with nothing stale."""
import signal
import threading

from conftest import free_port, until


def test_unset_redis_url_answers_everything_from_the_store(start):
    server = start()
    teacher, student = server.register("teacher"), server.register("student")
    assert server.book(student, server.make_gig(teacher)).status_code == 201
    for _ in range(2):
        reply = server.get("/api/bookings", student["token"])
        assert reply.headers["X-Cache"] == "BYPASS" and reply.json()["count"] == 1
    assert "[Redis] REDIS_URL not configured. Caching disabled." in server.log()
    assert server.get("/ready").status_code == 200


def test_memory_backend_caches_in_the_process(start):
    server = start(REDIS_URL="memory://").wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert [server.get("/api/bookings", student["token"]).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    server.book(student, gig)
    reply = server.get("/api/bookings", student["token"])
    assert reply.headers["X-Cache"] == "MISS" and reply.json()["count"] == 1


def test_unreachable_redis_is_bypassed(start):
    server = start(REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    student = server.register("student")
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "BYPASS"
    until(lambda: "Caching bypassed; retrying." in server.log(), "the warning")


def load(server, users, stop, statuses):
    import requests
    session = requests.Session()
    while not stop.is_set():
        for user in users:
            reply = session.get(server.url + "/api/bookings", headers={"Authorization": f"Bearer {user['token']}"}, timeout=30)
            statuses.append((reply.status_code, reply.headers["X-Cache"]))


def test_redis_stalled_killed_and_restarted_under_load_loses_nothing(server, redis_server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    statuses, stop, hour = [], threading.Event(), 10
    threads = [threading.Thread(target=load, args=(server, [student, teacher], stop, statuses)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        def write_during_the_fault():
            nonlocal hour
            before = server.get("/api/bookings", student["token"]).json()["total"]
            until(lambda: server.get("/api/bookings", student["token"]).headers["X-Cache"] == "BYPASS", "a bypass")
            hour += 1
            assert server.book(student, gig, f"2030-01-15T{hour}:00:00Z").status_code == 201
            assert server.get("/api/bookings", student["token"]).json()["total"] == before + 1
            return before + 1

        def back(total):
            def hit():
                reply = server.get("/api/bookings", student["token"])
                assert reply.json()["total"] == total
                return reply.headers["X-Cache"] == "HIT"
            until(hit, "a hit that comes back unaided")

        back(0)
        redis_server.signal(signal.SIGSTOP)
        total = write_during_the_fault()
        redis_server.signal(signal.SIGCONT)
        back(total)
        redis_server.kill()
        total = write_during_the_fault()
        redis_server.start()
        back(total)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses and all(status == 200 for status, _ in statuses), [s for s in statuses if s[0] != 200][:5]


def test_killed_process_leaves_its_outbox_row_and_the_next_one_replays_it(start, redis_server):
    """A node dies with Redis away: its write is committed, its invalidation was never sent."""
    server = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert [server.get("/api/bookings", student["token"]).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    redis_server.signal(signal.SIGSTOP)
    until(lambda: server.get("/api/bookings", student["token"]).headers["X-Cache"] == "BYPASS", "a bypass")
    assert server.book(student, gig).status_code == 201
    server.process.kill()
    server.process.wait()
    redis_server.signal(signal.SIGCONT)
    again = start(REDIS_URL=redis_server.url).wait_caching()
    assert again.get("/api/bookings", student["token"]).json()["total"] == 1


def test_sigterm_closes_redis_and_ends_with_status_0(server):
    server.register("student")
    assert server.stop() == 0
    assert "[Redis] Connection closed" in server.log() and "[Server] Stopped" in server.log()
