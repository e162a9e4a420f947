"""How many connections a node has, what it does where they are refused, and Unix sockets."""
import pytest

from conftest import Redis, free_port, until
from test_payments import initiated
from test_redis_tls import caches, lost_because, serves_from_the_store
from test_reviews import make_lesson


def connections(redis_server):
    """Names of all but the test's own."""
    return sorted(each["name"].partition(":")[0] for each in redis_server.client.client_list() if each["name"])


@pytest.mark.parametrize("workers", [1, 4])
def test_cache_has_one_for_each_thread_and_one_more(start, redis_server, workers):
    start(REDIS_URL=redis_server.url, WORKERS=workers).wait_caching()
    assert connections(redis_server) == ["reprise"] * (workers + 1)


def test_queue_has_as_many_as_documented(start, gateway, redis_server, other_redis):
    environment = {**gateway.environment(free_port()), "REDIS_URL": redis_server.url, "QUEUE_REDIS_URL": other_redis.url}
    both = start(**environment).wait_caching()
    until(lambda: len(others(other_redis)) == 4, "both duties' connections")
    both.stop()
    until(lambda: not others(other_redis), "them to be closed")
    start("serve", "--without-jobs", **environment)
    until(lambda: len(others(other_redis)) == 2, "the connections of a node without jobs")
    start("worker", **environment)
    until(lambda: len(others(other_redis)) == 6, "those of a worker")


def others(redis_server):
    own = redis_server.client.client_id()
    return [each for each in redis_server.client.client_list() if int(each["id"]) != own]


def test_node_that_gets_too_few_connections_uses_none_and_comes_back(start, redis_server):
    redis_server.client.config_set("maxclients", 3)  # one is this test's
    server = start(REDIS_URL=redis_server.url, WORKERS=4)
    assert "max number of clients reached: raise maxclients" in lost_because(server)
    serves_from_the_store(server)
    assert server.log().count("[Redis] Connection lost") == 1
    redis_server.client.config_set("maxclients", 100)
    caches(server)
    assert connections(redis_server) == ["reprise"] * 5


def test_queue_that_is_refused_connections_strands_no_payment_and_comes_back(start, gateway, redis_server, other_redis):
    other_redis.client.config_set("maxclients", 1)  # this test's
    server = start(**gateway.environment(free_port()), REDIS_URL=redis_server.url, QUEUE_REDIS_URL=other_redis.url).wait_caching()
    until(lambda: "max number of clients reached: raise maxclients" in server.log(), "the queue's line")
    initiated(server, make_lesson(server, status="accepted"))
    other_redis.client.config_set("maxclients", 100)
    until(lambda: len(others(other_redis)) == 4, "all of its connections")


def test_connection_in_use_is_not_hurt_by_others_that_are_refused(start, redis_server):
    server = start(REDIS_URL=redis_server.url).wait_caching()
    redis_server.client.config_set("maxclients", 4)
    other = start(REDIS_URL=redis_server.url)
    assert "max number of clients reached" in lost_because(other)
    caches(server)


@pytest.mark.parametrize("database", [0, 5])
def test_unix_socket_serves_cache_and_queue(start, gateway, tmp_path, database):
    path = tmp_path / "redis?%.sock"
    running = Redis(tmp_path, "--unixsocket", str(path))
    try:
        url = "redis+unix://" + str(path).replace("%", "%25").replace("?", "%3F") + (f"?db={database}" if database else "")
        running.client.execute_command("ACL", "SETUSER", "default", ">secret")
        server = start(**gateway.environment(free_port()), REDIS_URL=url.replace("//", "//:secret@", 1)).wait_caching()
        caches(server)
        initiated(server, make_lesson(server, status="accepted"))
        assert all(each["addr"].startswith(str(path)) for each in others(running)), others(running)
        assert list(running.client.info("keyspace")) == [f"db{database}"]
        server.stop()
    finally:
        running.stop()


def test_unix_socket_that_is_not_there_is_named(start, tmp_path):
    server = start(REDIS_URL=f"redis+unix://{tmp_path}/none.sock")
    assert f"No such file or directory (redis+unix://{tmp_path}/none.sock" in lost_because(server)
    serves_from_the_store(server)
    running = Redis(tmp_path, "--unixsocket", f"{tmp_path}/none.sock")
    try:
        caches(server)
        server.stop()
    finally:
        running.stop()
