"""The gigs that everybody sees are read anew before their time is over, behind somebody's hit."""
import time

from conftest import until


def refreshes(server, prefix="gigs"):
    return server.metric(f'reprise_refreshes_total{{prefix="{prefix}"}}')


def test_list_that_is_asked_for_is_renewed_without_a_miss(start, redis_server):
    server = start(REDIS_URL=redis_server.url, CACHE_TTL="3", CACHE_L1_MODE="off").wait_caching()
    server.make_gig(server.register("teacher"))
    before = None  # the age of the last hit, if nothing but hits came since

    def renewed():
        nonlocal before
        reply = server.get("/api/gigs")
        age = int(reply.headers["Age"]) if reply.headers["X-Cache"] == "HIT" else None
        younger = age is not None and before is not None and age < before
        before = age
        return younger

    until(renewed, "a hit that is younger than the hit before it")
    assert refreshes(server) >= 1
    assert refreshes(server, "bookings") == 0  # whose policy does not say so


def test_read_behind_a_hit_shows_what_was_written_since(start, redis_server):
    """It has a request of its own, and is stored only if no write came between."""
    server = start(REDIS_URL=redis_server.url, CACHE_TTL="1").wait_caching()
    teacher = server.register("teacher")
    gig = server.make_gig(teacher)
    began = time.monotonic()
    written = 0
    while written < 4 or refreshes(server) == 0:
        now = time.monotonic()
        assert now < began + 60
        if now > began + 1.5 * written:
            title = f"Title {(written := written + 1)}"
            reply = server.put(f"/api/gigs/{gig['id']}", teacher["token"], json={"title": title})
            assert reply.status_code == 200, reply.text
        for path in ("/api/gigs?sort=price", f"/api/gigs/{gig['id']}"):
            reply = server.get(path)
            assert f"Title {written}" in reply.text, (reply.headers, reply.text)
