"""make bench-topologies: what a hit from Redis costs the server on each topology: one server by TCP, by its Unix socket and over
TLS, a master that sentinels name, and a cluster of three masters; and in the cluster what everybody's list, which is one slot,
asks of its one master without L1 and with it.
"""
import os
import statistics
import subprocess

from bench.http.candidates import CONNECTIONS, more_students, set_scene
from bench.http.load import saturate
from bench.support import machine, page, program
from bench.support.numbers import short, spread
from bench.support.processes import RedisServer, Stage, free_port, until

TITLE = "A hit on each topology"
USERS = 64
FIRST = "one server, TCP"  # that the others are held against


def certificate(folder):
    """A self-signed one for 127.0.0.1, and its key."""
    base = os.path.join(folder, "redis")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", base + ".key", "-out", base + ".pem"],
                   check=True, capture_output=True)
    return base + ".pem", base + ".key"


def plain(stage):
    server = stage.redis("tcp")
    return {"REDIS_URL": server.url}, [server]


def by_socket(stage):
    path = os.path.join(stage.folder, "redis.sock")
    server = stage.redis("socket", machine.REDIS_CORE, "--unixsocket", path)
    return {"REDIS_URL": f"redis+unix://{path}"}, [server]


def over_tls(stage):
    pem, key = certificate(stage.folder)
    port = free_port()
    server = stage.redis("tls", machine.REDIS_CORE, "--tls-port", str(port), "--tls-cert-file", pem, "--tls-key-file", key, "--tls-ca-cert-file", pem,
                         "--tls-auth-clients", "no")
    return {"REDIS_URL": f"rediss://127.0.0.1:{port}", "REDIS_CA_FILE": pem}, [server]


def by_sentinel(stage):
    master, port = stage.redis("named"), free_port()
    config = os.path.join(stage.folder, "sentinel.conf")
    with open(config, "w") as file:
        file.write(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {master.port} 1\n")
    stage.start("sentinel", machine.REDIS_CORE, ["redis-server", config, "--sentinel"])
    return {"REDIS_URL": f"redis+sentinel://127.0.0.1:{port}/main"}, [master]


def in_a_cluster(stage, name="node"):
    nodes = [RedisServer(stage, f"{name}-{at}", machine.REDIS_CORE, ("--cluster-enabled", "yes", "--cluster-port", str(free_port())))
             for at in range(3)]
    names = [f"127.0.0.1:{node.port}" for node in nodes]
    subprocess.run(["redis-cli", "--cluster", "create", *names, "--cluster-replicas", "0", "--cluster-yes"], check=True, capture_output=True)
    until(lambda: all(b"cluster_state:ok" in node.client.execute_command("CLUSTER", "INFO") for node in nodes), "a cluster that is up")
    return {"REDIS_URL": "redis+cluster://" + ",".join(names)}, nodes


OWN, SHARED = "/api/bookings", "/api/gigs"
TOPOLOGIES = {  # how Redis is reached, whose list, L1
    FIRST: (plain, OWN, "off"),
    "one server, Unix socket": (by_socket, OWN, "off"),
    "one server, TLS": (over_tls, OWN, "off"),
    "sentinel": (by_sentinel, OWN, "off"),
    "cluster of three masters": (in_a_cluster, OWN, "off"),
    "cluster, everybody's list": (lambda stage: in_a_cluster(stage, "shared"), SHARED, "off"),
    "cluster, everybody's list, L1 `validated`": (lambda stage: in_a_cluster(stage, "validated"), SHARED, "validated"),
    "cluster, everybody's list, L1 `tracked`": (lambda stage: in_a_cluster(stage, "tracked"), SHARED, "tracked"),
}


class Candidate:
    """A server that answers the hits of several users, with what each costs it; `headers` go with every request."""

    def __init__(self, stage, name, number, reached, path, local, **headers):
        self.name, self.headers = name, headers
        environment, self.masters = reached(stage)
        self.server = stage.bookings(f"server-{number}", CACHE_L1_MODE=local, **environment)
        token, _ = set_scene(self.server)
        self.tokens = [token, *more_students(self.server, USERS - 1)]
        self.target = self.server.url + path
        for _ in range(2):
            for each in self.tokens:
                reply = self.server.get(path, each)
        if reply.headers["X-Cache"] != "HIT":
            raise SystemExit(f"{name}: {reply.headers['X-Cache']} where a hit was meant")
        self.rounds = {"cpu_us": [], "rate": [], "p50": [], "p99": [], "redis_bytes": []}

    def sent(self):
        return sum(master.client.info("stats")["total_net_output_bytes"] for master in self.masters)

    def measure(self, seconds):
        before, sent = self.server.origin_reads(), self.sent()
        cpu = machine.cpu_seconds(self.server.pid)
        told = saturate(self.target, self.headers, CONNECTIONS, seconds, tokens=self.tokens)
        self.rounds["cpu_us"].append((machine.cpu_seconds(self.server.pid) - cpu) / told["requests"] * 1e6)
        self.rounds["rate"].append(told["requests"] / told["seconds"])
        self.rounds["redis_bytes"].append((self.sent() - sent) / told["requests"])
        for which in ("p50", "p99"):
            self.rounds[which].append(told[which])
        self.reads = (self.server.origin_reads() - before) / told["requests"]


def run(rounds, seconds, say):
    with Stage() as stage:
        candidates = [Candidate(stage, name, number, *how) for number, (name, how) in enumerate(TOPOLOGIES.items())]
        for number in range(rounds):
            # In turn, and the other way round each second time: what the machine does to a round, it does to all.
            for each in candidates if number % 2 == 0 else reversed(candidates):
                say(f"round {number + 1} of {rounds}: {each.name}")
                each.measure(seconds)
        return {"rounds": rounds, "seconds": seconds, "topologies": {each.name: {**each.rounds, "reads": each.reads} for each in candidates}}


def lines(found):
    first = found["topologies"][FIRST]
    told = page.table(["", "server CPU, µs", "times the first", "hits/s", "p50, ms", "p99, ms", "bytes from Redis", "read the store"],
                      [[name, spread(of["cpu_us"]), short(statistics.median(a / b for a, b in zip(of["cpu_us"], first["cpu_us"]))), spread(of["rate"]),
                        spread([each * 1e3 for each in of["p50"]]), spread([each * 1e3 for each in of["p99"]]), spread(of["redis_bytes"]), f"{of['reads'] * 100:.2f} %"]
                       for name, of in found["topologies"].items()])
    return [*told, "",
            f"The list of {USERS} signed-in users from Redis, {CONNECTIONS} connections that each wait for their reply; the server, with one I/O thread, has a core for itself, "
            f"every Redis and the load generator share the other. {found['rounds']} rounds of {found['seconds']} s, in turn; the median, with the least and the most. "
            "In a cluster a read is one command for each slot instead of one for all that is read in a turn, so both sides have more to do; three masters on one core "
            "are of course no faster than one. Everybody's list is one slot, so one master's, however many there are: L1 takes the body off it (`validated`), or nearly all (`tracked`; "
            "what is left is the session's generation)."]


if __name__ == "__main__":
    program.main("topologies", __doc__, TITLE, run, lines, {"rounds": (int, 5, None), "seconds": (int, 3, "of each turn")},
                 quick={"rounds": 2, "seconds": 1})
