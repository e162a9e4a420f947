"""A shop whose processes die at random: web nodes and workers on one store file, one Redis or none, and an emulated payment
gateway; each process has a place, with a port and a name, where another one is started as soon as it is killed."""
import contextlib
import sqlite3

import redis

from processes import Redis, Server, free_port


class Place:
    def __init__(self, name, folder, *arguments, **environment):
        self.name, self.folder, self.arguments, self.environment = name, folder, arguments, environment
        self.kills = 0
        self.start()

    def start(self):
        self.server = Server(self.folder, *self.arguments, **{"LOG_LEVEL": "info", **self.environment})

    @property
    def port(self):
        return self.environment["PORT"]

    def kill(self):
        self.kills += 1
        self.server.process.kill()
        self.server.process.wait()

    def stop(self):
        if self.server.process.poll() is None:
            assert self.server.stop() == 0, self.server.log()


class Shop:
    """`nodes` and `workers`: how many; what the nodes are started with says whether they do jobs of their own."""

    def __init__(self, folder, gateway, has_redis=True):
        self.folder, self.gateway = str(folder), gateway
        self.redis = Redis(folder) if has_redis else None
        self.nodes, self.workers = [], []

    def add_node(self, *arguments):
        place = Place(f"node {len(self.nodes) + 1}", self.folder, *arguments, **self._environment(free_port()))
        self.nodes.append(place)
        return place

    def add_worker(self):
        # The gateway notifies whoever PUBLIC_URL names: a node, and not always the same.
        node = self.nodes[len(self.workers) % len(self.nodes)]
        place = Place(f"worker {len(self.workers) + 1}", self.folder, "worker", **self._environment(node.port))
        self.workers.append(place)
        return place

    def _environment(self, port):
        return {**self.gateway.environment(port), **({"REDIS_URL": self.redis.url} if self.redis else {})}

    def places(self):
        return self.nodes + self.workers

    @contextlib.contextmanager
    def store(self):
        with contextlib.closing(sqlite3.connect(f"{self.folder}/bookings.db", timeout=20, isolation_level=None)) as store:
            store.row_factory = sqlite3.Row
            yield store

    def payments(self):
        """What the store has of them, by id."""
        with self.store() as store:
            return {row["id"]: row for row in store.execute(
                "SELECT p.id, p.booking_id, p.status, p.owns_booking, p.attempts, p.attempt_until, p.reason, b.payment_status"
                " FROM gateway_payments p JOIN bookings b ON b.id = p.booking_id")}

    def make_due(self, payment_id):
        """As if its ten minutes without a notification had passed."""
        with self.store() as store:
            store.execute("UPDATE gateway_payments SET due_at = created_at WHERE id = ? AND status = 'initiated'", (payment_id,))

    def unfinished_jobs(self):
        """{state: ids} of all that is neither completed nor failed."""
        if not self.redis:
            return {}
        client, found = self.redis.client, {}
        for state in ("active", "wait", "paused"):
            found[state] = client.lrange(f"bull:payments:{state}", 0, -1)
        for state in ("delayed", "prioritized"):
            found[state] = client.zrange(f"bull:payments:{state}", 0, -1)
        return {state: ids for state, ids in found.items() if ids}

    def failed_jobs(self):
        return self.redis.client.zrange("bull:payments:failed", 0, -1) if self.redis else []

    def cut_clients(self):
        for kind in ("normal", "pubsub"):
            with contextlib.suppress(redis.exceptions.RedisError):
                self.redis.client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def stop(self):
        for place in self.places():
            place.stop()
        if self.redis:
            self.redis.stop()
