"""A master with replicas under sentinels, and a cluster: real processes, each stopped by its pid."""
import contextlib
import os
import signal
import socket
import subprocess
import tempfile

import redis

from processes import REDIS_SERVER, Redis, free_port, until

REPLICA = ("--repl-diskless-sync-delay", "0")


def asked(client, *words):
    """The answer, or None where there is none."""
    try:
        return client.execute_command(*words)
    except redis.exceptions.RedisError:
        return None


def ranges(answer):
    """[(first slot, last slot, port of the master)] of what CLUSTER SLOTS answers."""
    return sorted((first, last, master[1]) for first, last, master, *_ in answer)


@contextlib.contextmanager
def lone_sentinel(folder, configuration=""):
    """One sentinel that listens; its port."""
    port = free_port()
    with open(os.path.join(folder, "sentinel.conf"), "w") as file:
        file.write(configuration)
    process = subprocess.Popen([REDIS_SERVER, "sentinel.conf", "--sentinel", "--port", str(port), "--bind", "127.0.0.1"],
                               cwd=folder, stdout=subprocess.DEVNULL)

    def listens():
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, "the sentinel to listen")
        yield port
    finally:
        process.kill()
        process.wait()


class Sentinels:
    """One master with two replicas, three sentinels of which two decide, and quickly. `secret`: of the servers, `watch_secret`: of
    the sentinels. `tls`: (certificate, key, authority) for all of them, which then have no plain port."""

    def __init__(self, folder, secret="", watch_secret="", tls=None):
        self.folder, self.secret, self.watch_secret, self.tls = str(folder), secret, watch_secret, tls
        options = (*REPLICA, *(("--requirepass", secret, "--masterauth", secret) if secret else ()))
        self.servers = [self.start_server(*options)]
        for _ in range(2):
            self.servers.append(self.start_server(*options, "--replicaof", "127.0.0.1", str(self.servers[0].port)))
        self.sentinels = []
        for at in range(3):
            self.sentinels.append(self.start_sentinel(at))
        until(lambda: all(self.knows_all(port) for port, _ in self.sentinels), "the sentinels to know one another and the replicas")

    def start_server(self, *options):
        return SecretRedis(tempfile.mkdtemp(prefix="redis-", dir=self.folder), self.secret, self.tls, *options)

    def start_sentinel(self, at):
        port = free_port()
        path = os.path.join(self.folder, f"sentinel-{at}.conf")
        with open(path, "w") as file:
            for name, value in tls_options(port, self.tls) if self.tls else [("port", port)]:
                file.write(f"{name} {value}\n")
            file.write("bind 127.0.0.1\n"
                       f"sentinel monitor main 127.0.0.1 {self.servers[0].port} 2\n"
                       "sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n")
            if self.secret:
                file.write(f"sentinel auth-pass main {self.secret}\n")
            if self.watch_secret:
                file.write(f"requirepass {self.watch_secret}\nsentinel sentinel-pass {self.watch_secret}\n")
        process = subprocess.Popen([REDIS_SERVER, path, "--sentinel"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL)
        return port, process

    def sentinel(self, port):
        return client_of(port, self.watch_secret, self.tls)

    def knows_all(self, port):
        known = asked(self.sentinel(port), "SENTINEL MASTER", "main")
        return known and known["num-other-sentinels"] == 2 and known["num-slaves"] == 2

    @property
    def url(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port, _ in self.sentinels)
        return f"{'rediss' if self.tls else 'redis'}+sentinel://{':' + self.secret + '@' if self.secret else ''}{hosts}/main"

    def named(self):
        """The port of the master, as most of the sentinels name it."""
        ports = [int(answer[1]) for port, process in self.sentinels if process.poll() is None
                 for answer in [asked(self.sentinel(port), "SENTINEL GET-MASTER-ADDR-BY-NAME", "main")] if answer]
        return max(ports, key=ports.count) if ports else None

    def master(self):
        port = self.named()
        return next(server for server in self.servers if server.port == port)

    def replicas_are_in_step(self):
        found = asked(self.master().client, "INFO", "replication")
        return found and found["role"] == "master" and found["connected_slaves"] == 2 and all(
            found[f"slave{i}"]["state"] == "online" for i in range(2))

    def wait_in_step(self):
        until(self.replicas_are_in_step, "two replicas in step with the master", 60)

    def mend(self):
        for server in self.servers:
            if server.process.poll() is not None:
                server.start()
        self.wait_in_step()

    def fail_over(self):
        """By command, with the old master up."""
        until(lambda: asked(self.sentinel(self.sentinels[0][0]), "SENTINEL FAILOVER", "main"), "a sentinel that fails over")

    def stop(self):
        for _, process in self.sentinels:
            process.kill()
            process.wait()
        for server in self.servers:
            server.stop()


def tls_options(port, tls):
    certificate, key, authority = tls
    return [("port", 0), ("tls-port", port), ("tls-cert-file", certificate), ("tls-key-file", key), ("tls-ca-cert-file", authority),
            ("tls-auth-clients", "no"), ("tls-replication", "yes")]


def client_of(port, secret, tls):
    return redis.Redis(port=port, decode_responses=True, password=secret or None,
                       **({"ssl": True, "ssl_cert_reqs": "none"} if tls else {}))


class SecretRedis(Redis):
    def __init__(self, folder, secret, tls, *options):
        self.secret, self.tls, self.given = secret, tls, options
        super().__init__(folder, *options)

    def start(self):
        secured = [f"--{name}={value}".split("=") for name, value in tls_options(self.port, self.tls)] if self.tls else []
        self.options = (*sum(secured, []), *self.given)
        super().start()

    def connect(self):
        return client_of(self.port, self.secret, self.tls)


class RedisCluster:
    """Three masters with a replica each."""

    def __init__(self, folder, masters=3, replicas=3):
        self.folder = str(folder)
        self.nodes = [self.start_node() for _ in range(masters + replicas)]
        ports = [f"127.0.0.1:{node.port}" for node in self.nodes]
        done = subprocess.run(["redis-cli", "--cluster", "create", *ports, "--cluster-replicas", "1" if replicas else "0", "--cluster-yes"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        self.wait_ok()

    def start_node(self):
        folder = tempfile.mkdtemp(prefix="node-", dir=self.folder)
        return Redis(folder, "--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-port", str(free_port()),
                     "--cluster-replica-validity-factor", "0", *REPLICA)

    @property
    def url(self):
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:3])

    def alive(self):
        return [node for node in self.nodes if node.process.poll() is None]

    def node_at(self, port):
        return next(node for node in self.nodes if node.port == port)

    def slots(self):
        """[(first, last, port of the master)], as the first node that answers says."""
        for node in self.alive():
            answer = asked(node.client, "CLUSTER SLOTS")
            if answer:
                return ranges(answer)
        return []

    def is_ok(self, without=None):
        """Do all living nodes agree on who has which slots, and is each slot with one of them? And have they heard of each
        other's epochs: else a slot that goes on at once may be given to two masters, or to none."""
        views, epochs, living = set(), set(), [node for node in self.alive() if node is not without]
        for node in living:
            info = asked(node.client, "CLUSTER INFO")
            answer = asked(node.client, "CLUSTER SLOTS")
            if not info or not answer or info["cluster_state"] != "ok" or int(info["cluster_slots_assigned"]) != 16384:
                return False
            views.add(tuple(ranges(answer)))
            epochs.add(info["cluster_current_epoch"])
        ports = {node.port for node in living}
        return len(views) == 1 and len(epochs) == 1 and all(port in ports for _, _, port in next(iter(views)))

    def wait_ok(self):
        until(self.is_ok, "a cluster whose nodes agree", 60)

    def is_replicated(self):
        """Has each master a replica that is in step?"""
        roles = [asked(node.client, "ROLE") for node in self.nodes]
        followed = {role[2] for role in roles if role and role[0] == "slave" and role[3] == "connected"}
        return self.is_ok() and {master.port for master in self.masters()} <= followed

    def wait_replicated(self):
        until(self.is_replicated, "a replica in step for each master", 60)

    def mend(self):
        self.wait_replicated()

    def masters(self):
        return [self.node_at(port) for port in sorted({port for _, _, port in self.slots()})]

    def id_of(self, node):
        return node.client.execute_command("CLUSTER MYID")

    def replica_of(self, master):
        for node in self.alive():
            role = asked(node.client, "ROLE")
            if role and role[0] == "slave" and role[2] == master.port:
                return node
        return None

    def move_slot(self, slot, source, target):
        """As redis-cli does: the target imports, the source migrates, then every master is told whose it is. Wait for wait_ok()
        before the same slot goes on."""
        self.begin_move(slot, source, target)
        to_id = self.id_of(target)
        while keys := source.client.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
            source.client.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "REPLACE", "KEYS", *keys)
        for node in [target, source]:
            node.client.execute_command("CLUSTER SETSLOT", slot, "NODE", to_id)
        for node in self.alive():  # replicas refuse
            asked(node.client, "CLUSTER SETSLOT", slot, "NODE", to_id)

    def begin_move(self, slot, source, target):
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", self.id_of(target))

    def owner_of(self, slot):
        return self.node_at(next(port for first, last, port in self.slots() if first <= slot <= last))

    def stop(self):
        for node in self.nodes:
            if node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
            node.stop()
