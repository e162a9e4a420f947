"""Several nodes on one store file, each with a gate of its own between it and its Redis; and what can be done to them."""
import os
import signal
import tempfile
import time

import redis

from checker import User
from gate import Gate
from processes import Redis, Server, until

# A replica's first copy begins at once; by default a master gathers replicas for 5 s.
REDIS_OPTIONS = ("--repl-diskless-sync-delay", "0")


class Node:
    """A place for a process: its gate stays where the process is killed and another one started."""

    def __init__(self, name, folder, target, **environment):
        self.name, self.folder, self.environment = name, folder, environment
        self.is_paused, self.pauses = False, 0
        self.gate = Gate(target.port) if target else None
        self.start()

    def start(self):
        url = {"REDIS_URL": f"redis://127.0.0.1:{self.gate.port}/0"} if self.gate else {}
        self.server = Server(self.folder, **{"LOG_LEVEL": "info", "STORE_DELAY_MS": 2, **url, **self.environment})
        self.port = int(self.server.url.rsplit(":", 1)[1])

    @property
    def process(self):
        return self.server.process

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.is_paused = True
        self.pauses += 1
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.is_paused = False

    def stop(self):
        if self.process.poll() is None:
            self.resume()
            assert self.server.stop() == 0, self.server.log()
        if self.gate:
            self.gate.close()


class Cluster:
    def __init__(self, folder, nodes=3, **environment):  # what is set beyond Node's
        self.folder, self.environment = str(folder), environment
        self.store = os.path.join(self.folder, "bookings.db")
        self.stores = []          # every Redis that was started
        self.links = []           # gates between replicas and their masters
        self.master = self.start_redis()
        self.nodes = []           # whom clients ask
        for at in range(nodes):
            self.add_node(f"node {at + 1}", self.master)
        self.wait_caching()

    def start_redis(self, *options):
        folder = tempfile.mkdtemp(prefix="redis-", dir=self.folder)
        self.stores.append(Redis(folder, *REDIS_OPTIONS, *options))
        return self.stores[-1]

    def add_node(self, name, target, **environment):
        node = Node(name, self.folder, target, **{**self.environment, **environment})
        self.nodes.append(node)
        return node

    def remove(self, node):
        self.nodes.remove(node)
        node.stop()

    def asked(self, even_paused=False):
        """Whom clients may ask now. Only some ask a paused node: otherwise all would soon wait there, and nobody go on."""
        return [node for node in self.nodes if even_paused or not node.is_paused]

    def cached(self):
        return [node for node in self.nodes if node.gate]

    def users(self, count):
        return [User(self.nodes[0].server) for _ in range(count)]

    def wait_caching(self):
        for node in self.cached():
            node.server.wait_caching()

    def turn_to(self, store, nodes=None):
        """What a failover does to clients: their connections end, and new ones lead to another server."""
        for node in nodes or self.cached():
            node.gate.point_at(store.port)
            node.gate.cut()

    def lagging_replica(self):
        """A replica of the master, in step; and the gate of its link, which a test stalls (towards it: REPLIES)."""
        link = Gate(self.master.port)
        self.links.append(link)
        replica = self.start_redis()
        follow(replica, link.port)
        return replica, link

    def mend(self):
        """Every node on the master, no other Redis left: what the next fault begins with."""
        for node in self.cached():
            if node.gate.target != self.master.port:
                node.gate.point_at(self.master.port)
                node.gate.cut()
        for store in self.stores:
            if store is not self.master:
                store.stop()
        self.stores = [self.master]
        for link in self.links:
            link.close()
        self.links.clear()

    def stop(self):
        for node in self.nodes:
            node.stop()
        for store in self.stores:
            store.stop()
        for link in self.links:
            link.close()


def follow(store, port):
    """`store` becomes a replica of the server at `port`; returns once it has its data."""
    store.client.execute_command("REPLICAOF", "127.0.0.1", port)
    until(lambda: link_is_up(store), "the replica's first copy")


def link_is_up(store):
    try:
        return store.client.info("replication")["master_link_status"] == "up"
    except redis.exceptions.RedisError:  # it is loading
        return False


def promote(store):
    store.client.execute_command("REPLICAOF", "NO", "ONE")


def lasting(seconds):
    """How long a fault is left to do its harm. Nothing is asserted about what is done by then."""
    time.sleep(seconds)
