"""bookings-server doctor on MongoDB: an empty database lacks its indexes, and a server makes them."""
from test_doctor import Report, run


def look(folder, redis_server):
    return Report(run(folder, "--json", REDIS_URL=redis_server.url))


def test_mongodb_database_that_a_server_has_used_is_good(start, redis_server, tmp_path):
    before = look(tmp_path, redis_server)
    assert before.verdict("store", "opening") == "good" and before.verdict("store", "indexes") == "bad", before.text
    assert before.status == 1
    start(REDIS_URL=redis_server.url).wait_caching()
    after = look(tmp_path, redis_server)
    assert [after.verdict("store", check) for check in ("opening", "indexes", "outbox", "leases")] == ["good"] * 4, after.text
    assert after.status == 0, after.text
