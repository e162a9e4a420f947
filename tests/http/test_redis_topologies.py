"""A Redis that is found: the master that sentinels name, or the masters of a cluster."""
import re

import pytest

from certificates import Authority
from conftest import free_port, until
from processes import UNDER_ACL
from test_payments import initiated
from test_reviews import make_lesson
from topology import RedisCluster, Sentinels

pytestmark = pytest.mark.skipif(UNDER_ACL, reason="these servers have accounts of their own, or none")


def lost_because(server):
    said = re.compile(r"\[Redis\] Connection lost: (.*) Caching bypassed; retrying\.$", re.MULTILINE)
    return until(lambda: said.findall(server.log()), "the line")[-1]


def bypasses(server):
    student = server.register("student")
    reply = server.get("/api/bookings", student["token"])
    assert (reply.status_code, reply.headers["X-Cache"]) == (200, "BYPASS"), reply.text


def caches(server):
    student = server.register("student")
    assert [server.get("/api/bookings", student["token"]).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory):
    running = Sentinels(tmp_path_factory.mktemp("sentinels"), secret="p@ss/word", watch_secret="w@tch")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    running = RedisCluster(tmp_path_factory.mktemp("cluster"), replicas=0)
    yield running
    running.stop()


def sentinel_url(sentinels, name="main", password="p%40ss%2Fword"):
    hosts = ",".join(f"127.0.0.1:{port}" for port, _ in sentinels.sentinels)
    return f"redis+sentinel://:{password}@{hosts}/{name}"


# sentinels ------------------------------------------------------------------------------------------------------------

def test_sentinels_with_passwords_name_the_master(start, sentinels):
    server = start(REDIS_URL=sentinel_url(sentinels), REDIS_SENTINEL_PASSWORD="w@tch").wait_caching()
    caches(server)
    assert "p@ss" not in server.log() and "w@tch" not in server.log()


@pytest.mark.parametrize("wrong, said", [
    ({"REDIS_SENTINEL_PASSWORD": ""}, "NOAUTH"),
    ({"REDIS_SENTINEL_PASSWORD": "other"}, "WRONGPASS"),
    ({"name": "other"}, "knows no master of the name other"),
    ({"password": "other"}, "WRONGPASS"),
])
def test_sentinels_that_cannot_be_used_are_told_of(start, sentinels, wrong, said):
    url = sentinel_url(sentinels, **{k: v for k, v in wrong.items() if k in ("name", "password")})
    server = start(REDIS_URL=url, REDIS_SENTINEL_PASSWORD=wrong.get("REDIS_SENTINEL_PASSWORD", "w@tch"))
    line = lost_because(server)
    assert said in line and ("sentinel 127.0.0.1:" in line or "password" in wrong), line
    assert "other@" not in line and "w@tch" not in line
    bypasses(server)


def test_sentinels_of_which_one_answers_are_enough(start, sentinels):
    port = sentinels.sentinels[0][0]
    url = f"redis+sentinel://:p%40ss%2Fword@127.0.0.1:{free_port()},127.0.0.1:{port}/main"
    caches(start(REDIS_URL=url, REDIS_SENTINEL_PASSWORD="w@tch").wait_caching())


def test_sentinel_that_names_a_dead_master_is_told_of_and_the_next_master_found(start, tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    running = Sentinels(folder)
    try:
        old = running.master()
        for server in running.servers:
            if server is not old:
                server.signal(19)  # nobody can be promoted
        old.kill()
        server = start(REDIS_URL=running.url)
        line = lost_because(server)
        assert f"127.0.0.1:{old.port}: Connection refused" in line, line
        bypasses(server)
        for each in running.servers:
            if each is not old:
                each.signal(18)
        server.wait_caching()
        caches(server)
    finally:
        running.stop()


def test_sentinels_over_tls(start, tmp_path):
    authority = Authority(tmp_path / "authority")
    running = Sentinels(tmp_path, tls=(*authority.sign("good"), authority.ca))
    try:
        caches(start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca).wait_caching())
        line = lost_because(start(REDIS_URL=running.url))
        assert "sentinel 127.0.0.1:" in line and "authority" in line, line
    finally:
        running.stop()


def test_sentinel_is_no_redis_and_redis_no_sentinel(start, redis_server):
    line = lost_because(start(REDIS_URL=f"redis+sentinel://127.0.0.1:{redis_server.port}/main"))
    assert f"sentinel 127.0.0.1:{redis_server.port}: ERR unknown command" in line, line


# a cluster ------------------------------------------------------------------------------------------------------------

def test_cluster_caches_and_spreads_users_over_all_masters(start, cluster):
    server = start(REDIS_URL=cluster.url).wait_caching()
    for _ in range(12):
        caches(server)
    keys = [master.client.keys("bookings:user:{*}:role:student:query:{}") for master in cluster.masters()]
    assert all(keys) and sum(map(len, keys)) == 12, keys
    assert all(master.client.ttl(key) > 0 for master, its in zip(cluster.masters(), keys) for key in its)


def test_cluster_write_is_seen_through_another_node(start, cluster):
    one, other = (start(REDIS_URL=cluster.url).wait_caching() for _ in range(2))
    lesson = make_lesson(one, status="pending")
    for who in ("student", "teacher"):
        before = other.get("/api/bookings", lesson[who]["token"]).json()
        assert before["data"][0]["status"] == "pending"
    one.put(f"/api/bookings/{lesson['booking']['id']}/status", lesson["teacher"]["token"], json={"status": "accepted"})
    for who in ("student", "teacher"):
        reply = other.get("/api/bookings", lesson[who]["token"])
        assert reply.json()["data"][0]["status"] == "accepted" and reply.headers["X-Cache"] == "MISS"


def test_cluster_has_the_queue_in_one_slot_and_its_jobs_follow_it(start, cluster, gateway):
    server = start(**gateway.environment(free_port()), REDIS_URL=cluster.url).wait_caching()
    lesson = make_lesson(server, status="accepted")
    initiated(server, lesson)
    slot = cluster.nodes[0].client.execute_command("CLUSTER KEYSLOT", "{bull}")
    home = cluster.owner_of(slot)
    assert home.client.exists("{bull}:payments:meta")
    cluster.move_slot(slot, home, next(each for each in cluster.masters() if each is not home))
    until(cluster.is_ok, "masters that agree")
    lesson = make_lesson(server, status="accepted")
    initiated(server, lesson)


def test_cluster_seed_that_is_gone_is_not_needed(start, cluster):
    ports = [cluster.nodes[0].port, free_port()]
    caches(start(REDIS_URL="redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)).wait_caching())


def test_cluster_is_asked_for_where_there_is_none_and_the_other_way_round(start, cluster, redis_server):
    line = lost_because(start(REDIS_URL=f"redis+cluster://127.0.0.1:{redis_server.port}"))
    assert f"node 127.0.0.1:{redis_server.port}: ERR This instance has cluster support disabled" in line, line
    line = lost_because(start(REDIS_URL=f"redis://127.0.0.1:{cluster.nodes[0].port}"))
    assert "use redis+cluster://" in line, line


def test_cluster_that_is_away_is_bypassed_and_found_again(start, tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    running = RedisCluster(folder, replicas=0)
    try:
        server = start(REDIS_URL=running.url).wait_caching()
        running.nodes[1].kill()
        until(lambda: "\nreprise_trusted 0\n" in server.get("/metrics").text, "the end of trust")
        assert f"127.0.0.1:{running.nodes[1].port}" in lost_because(server)
        bypasses(server)
        running.nodes[1].start()
        server.wait_caching()
        caches(server)
    finally:
        running.stop()
