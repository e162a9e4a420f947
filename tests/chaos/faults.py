"""What is done to a cluster under load: one function for each fault, which leaves the cluster able to recover.

`dice` decides what is left open, so that a seed gives the same choices again. The load goes on all the while.
"""
import contextlib
import os
import signal
import sqlite3

from checker import Load
from cluster import follow, lasting, promote
from gate import REPLIES, REQUESTS

FAULTS = {}
WAITING = set()  # the names of those that wait until nodes use the cache


def fault(name, waits=False):
    def add(function):
        FAULTS[name] = function
        if waits:
            WAITING.add(name)
        return function
    return add


@fault("none")
def nothing(cluster, dice):
    lasting(1)


@fault("Redis paused")
def redis_paused(cluster, dice):
    cluster.master.signal(signal.SIGSTOP)
    lasting(dice.uniform(1.2, 2))
    cluster.master.signal(signal.SIGCONT)


@fault("Redis killed, empty after its start")
def redis_killed(cluster, dice):
    cluster.master.kill()
    lasting(dice.uniform(0, 0.5))
    cluster.master.start()


@fault("Redis restarted again and again")
def restarted(cluster, dice):
    for _ in range(4):
        cluster.master.kill()
        cluster.master.start()
        lasting(dice.uniform(0, 0.6))


@fault("Redis restarted from an old snapshot")
def old_snapshot(cluster, dice):
    store = cluster.master
    dump = os.path.join(store.folder, "dump.rdb")
    store.client.save()
    lasting(dice.uniform(0.3, 0.8))
    store.kill()
    assert os.path.exists(dump)
    store.start()
    os.remove(dump)


@fault("failover to a lagging replica")
def lagging_failover(cluster, dice):
    replica, link = cluster.lagging_replica()
    with link.stalled(REPLIES):
        lasting(dice.uniform(0.3, 0.8))
        cluster.master.kill()
        promote(replica)
    cluster.master = replica
    cluster.turn_to(replica)


@fault("split brain")
def split_brain(cluster, dice):
    replica, link = cluster.lagging_replica()
    with link.stalled(REPLIES):
        lasting(dice.uniform(0.2, 0.5))
        promote(replica)
    some = cluster.cached()
    dice.shuffle(some)
    at = dice.randrange(1, len(some))
    cluster.turn_to(replica, some[:at])
    lasting(dice.uniform(0.5, 2))
    cluster.turn_to(replica, some[at:])
    cluster.master.kill()
    cluster.master = replica


@fault("former master resynchronised, connections kept")
def resynchronised(cluster, dice):
    replica, link = cluster.lagging_replica()
    with link.stalled(REPLIES):
        lasting(dice.uniform(0.2, 0.5))
        promote(replica)
    follow(cluster.master, replica.port)
    promote(cluster.master)


@fault("failover and back to the resynchronised master")
def there_and_back(cluster, dice):
    replica, link = cluster.lagging_replica()
    with link.stalled(REPLIES):
        lasting(dice.uniform(0.2, 0.5))
        promote(replica)
    cluster.turn_to(replica)
    lasting(dice.uniform(0, 0.4))
    follow(cluster.master, replica.port)
    promote(cluster.master)
    cluster.turn_to(cluster.master)


@fault("FLUSHALL")
def flushed(cluster, dice):
    for _ in range(10):
        cluster.master.client.flushall()
        lasting(dice.uniform(0, 0.2))


@fault("eviction of any key")
def eviction(cluster, dice):
    client = cluster.master.client
    client.config_set("maxmemory-policy", "allkeys-lru")
    for _ in range(20):
        client.config_set("maxmemory", client.info("memory")["used_memory"] - 20_000)
        lasting(0.05)
    client.config_set("maxmemory", 0)


@fault("Redis full, noeviction")
def full(cluster, dice):
    client = cluster.master.client
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1 << 20)
    assert client.info("memory")["used_memory"] > 1 << 20
    lasting(1)
    client.config_set("maxmemory", 0)


@fault("node killed")
def node_killed(cluster, dice):
    for node in cluster.cached():
        node.kill()
        lasting(dice.uniform(0, 0.5))
        node.start()


@fault("node killed between commit and invalidation")
def killed_in_between(cluster, dice):
    for node in cluster.cached():
        with node.gate.stalled():
            lasting(0.4)  # time for every writer to come by and wait there
            node.kill()
        node.start()


@fault("node paused for longer than its lease")
def node_paused(cluster, dice):
    node = dice.choice(cluster.cached())
    node.pause()
    lasting(dice.uniform(1.2, 2.5))
    node.resume()


@fault("node cut off from Redis")
def node_cut_off(cluster, dice):
    with dice.choice(cluster.cached()).gate.closed():
        lasting(dice.uniform(0.5, 1.2))


@fault("requests to Redis stalled")
def requests_stalled(cluster, dice):
    with dice.choice(cluster.cached()).gate.stalled(REQUESTS):
        lasting(dice.uniform(0.5, 1.2))


@fault("replies of Redis stalled")
def replies_stalled(cluster, dice):
    with dice.choice(cluster.cached()).gate.stalled(REPLIES):
        lasting(dice.uniform(0.5, 1.2))


@fault("Redis slow, within the deadline and beyond")
def delayed(cluster, dice):
    one, other = dice.sample(cluster.cached(), 2)
    with one.gate.delayed(0.015), other.gate.delayed(0.08):
        lasting(1.2)


@fault("connections cut in the middle of a reply")
def cut_in_reply(cluster, dice):
    for _ in range(3):
        for node in cluster.cached():
            node.gate.cut_in_next_reply()
        lasting(0.3)


@fault("nodes on different Redis servers", waits=True)
def different_servers(cluster, dice):
    on_a_redis_of_its_own(cluster, dice)
    lasting(1)


def on_a_redis_of_its_own(cluster, dice):
    node = dice.choice(cluster.cached())
    cluster.turn_to(cluster.start_redis(), [node])
    node.server.wait_caching()
    lasting(0.3)
    return node


@fault("node on a Redis of its own paused", waits=True)
def paused_elsewhere(cluster, dice):
    node = on_a_redis_of_its_own(cluster, dice)
    node.pause()
    lasting(dice.uniform(1.2, 2.5))
    node.resume()


@fault("node on a Redis of its own killed", waits=True)
def killed_elsewhere(cluster, dice):
    node = on_a_redis_of_its_own(cluster, dice)
    node.kill()
    lasting(1.5)
    node.start()


@fault("a node without Redis among others")
def node_without(cluster, dice):
    node = cluster.add_node("node without Redis", None)
    lasting(1)
    cluster.remove(node)


@contextlib.contextmanager
def write_locked(path):
    """Nobody else writes to this SQLite file, nor waits in vain: the lock is taken as soon as it is free."""
    held = sqlite3.connect(path, timeout=20, isolation_level=None)
    try:
        held.execute("BEGIN IMMEDIATE")
        yield
        held.execute("ROLLBACK")
    finally:
        held.close()


@fault("leases cannot be renewed")
def leases_locked(cluster, dice):
    with write_locked(cluster.store + "-leases"):
        lasting(1.5)


@fault("store browned out under four times the load", waits=True)
def brown_out(cluster, dice):
    more = Load(cluster.asked, cluster.users(9), dice.random())
    more.tally = cluster.load.tally
    try:
        with write_locked(cluster.store):
            lasting(1.5)
        cluster.wait_hits()  # while the load is still four times the usual one
    finally:
        more.stop()


@contextlib.contextmanager
def small_trouble(cluster, dice):
    """Beside a fault, another one at a single node, which ends with it."""
    node = dice.choice(cluster.cached())
    kind = dice.choice(("closed", "stalled", REQUESTS, REPLIES, "delayed", "half", "none"))
    with contextlib.ExitStack() as stack:
        if kind == "closed":
            stack.enter_context(node.gate.closed())
        elif kind == "stalled":
            stack.enter_context(node.gate.stalled())
        elif kind in (REQUESTS, REPLIES):
            stack.enter_context(node.gate.stalled(kind))
        elif kind == "delayed":
            stack.enter_context(node.gate.delayed(dice.uniform(0.001, 0.06)))
        elif kind == "half":
            node.gate.cut_in_next_reply()
        yield f"{kind} at {node.name}"
