"""make bench-stores: the list of bookings with and without the cache, on each store: SQLite, and two servers that speak
MongoDB's protocol and are none (FerretDB, mongo-java-server), or the one that MONGODB_URI names.
"""
import os
import re
import statistics
import time
import uuid

from bench.growth.scene import time_requests
from bench.support import machine, page, program
from bench.support.numbers import percentile, short, spread
from bench.support.processes import Stage

TITLE = "A list on each store"
SHOWN = 20  # bookings in the list: a page's usual length, and all that the student has but one, so that no total is asked for
FERRETDB = os.path.join(machine.ROOT, "build/ferretdb")
MEMORY = os.path.join(machine.ROOT, "build/memory-mongo")


def databases(stage):
    """{name: STORE_URL} of what is there; servers are started on the load generator's core, which waits meanwhile."""
    found = {"SQLite, in a file": f"sqlite:{stage.folder}/bench.db"}
    name = "reprise_bench_" + uuid.uuid4().hex[:8]

    def with_name(url):
        base, _, options = url.partition("?")
        return "/".join(base.split("/")[:3]) + f"/{name}" + (f"?{options}" if options else "")

    if os.environ.get("MONGODB_URI"):
        return {**found, "MongoDB (MONGODB_URI)": with_name(os.environ["MONGODB_URI"])}
    commands = {"FerretDB 1.24, on SQLite": (FERRETDB, [FERRETDB]),
                "mongo-java-server 1.47, in memory": (MEMORY, ["java", "-Xmx1g", "-cp", f"{MEMORY}/classes:{MEMORY}/dependency/*", "MemoryMongo"])}
    for told, (needed, command) in commands.items():
        if not os.path.exists(needed):
            continue
        process = stage.start(told.split()[0], machine.LOAD_CORE, command)

        def address():
            with open(process.log_path) as log:
                return re.search(r"^Listening on (\S+)", log.read(), re.M)

        found[told] = with_name(process.wait_for(address, told).group(1))
    return found


class Candidate:
    """A store with two servers on it: one without a cache, and one with."""

    def __init__(self, stage, name, url, number):
        self.name = name
        redis = stage.redis(f"redis-{number}")
        self.servers = {"origin": stage.bookings(f"origin-{number}", STORE_URL=url),
                        "cached": stage.bookings(f"cached-{number}", STORE_URL=url, REDIS_URL=redis.url)}
        through = self.servers["cached"]
        self.teacher, self.student, self.writer = (through.register(role, f"{who} {number}") for role, who in
                                                   (("teacher", "Teacher"), ("student", "Student"), ("student", "Writer")))
        self.gig = through.made("/api/gigs", self.teacher["token"], {"title": "Algebra for beginners", "subject": "Mathematics", "price": 800, "description": "x"})
        self.booked = 0
        for _ in range(SHOWN - 1):
            self.book(self.student)
        self.rounds = {which: {"p50": [], "p99": [], "cpu_us": [], "reads": []} for which in self.servers}
        self.writes = {"p50": [], "cpu_us": []}

    def book(self, student):
        self.booked += 1
        at = f"20{30 + self.booked // 8000}-{1 + self.booked // 24 // 28 % 12:02}-{1 + self.booked // 24 % 28:02}T{self.booked % 24:02}:00:00Z"
        self.servers["cached"].made("/api/bookings", student["token"], {"gigId": self.gig["id"], "scheduledAt": at})

    def measure(self, count):
        for which, server in self.servers.items():
            before_reads = server.origin_reads()
            target = f"{server.url}/api/bookings?limit={SHOWN}"
            time_requests(target, self.student["token"], 3)
            cpu = machine.cpu_seconds(server.pid)
            told = time_requests(target, self.student["token"], count)
            into = self.rounds[which]
            into["cpu_us"].append((machine.cpu_seconds(server.pid) - cpu) / count * 1e6)
            into["p50"].append(told["p50"])
            into["p99"].append(told["p99"])
            self.bytes = told["bytes"]
            reads = server.origin_reads() - before_reads
            if which == "origin" and reads != count + 3:
                raise SystemExit(f"{self.name}: {reads:.0f} reads of the store for {count + 3} requests without a cache")
            into["reads"].append(reads / (count + 3))

    def measure_writes(self, count):
        times, cpu = [], machine.cpu_seconds(self.servers["cached"].pid)
        for _ in range(count):
            began = time.perf_counter()
            self.book(self.writer)
            times.append(time.perf_counter() - began)
        self.writes["p50"].append(percentile(times, 0.5))
        self.writes["cpu_us"].append((machine.cpu_seconds(self.servers["cached"].pid) - cpu) / count * 1e6)


def run(rounds, requests, say):
    with Stage() as stage:
        candidates = [Candidate(stage, name, url, number) for number, (name, url) in enumerate(databases(stage).items())]
        for number in range(rounds):
            # In turn, and the other way round each second time: what the machine does to a round, it does to all.
            for each in candidates if number % 2 == 0 else reversed(candidates):
                say(f"round {number + 1} of {rounds}: {each.name}")
                each.measure(requests)
                each.measure_writes(max(5, requests // 10))
        return {"rounds": rounds, "requests": requests, "bytes": candidates[0].bytes,
                "stores": {each.name: {**each.rounds, "write": each.writes} for each in candidates}}


def milliseconds(values):
    return spread([value * 1e3 for value in values])


def lines(found):
    other = [] if found["is_release"] else ["**The server was the build that `BOOKINGS_SERVER` names, and not the release build: read its CPU as an upper bound.**", ""]
    told = other + page.table(
        ["", "without the cache: p50, ms", "p99, ms", "server CPU, µs", "with it, from Redis: p50, ms", "p99, ms", "server CPU, µs", "reads of the store", "p50, times", "a booking is made: p50, ms", "server CPU, µs"],
        [[name, milliseconds(of["origin"]["p50"]), milliseconds(of["origin"]["p99"]), spread(of["origin"]["cpu_us"]),
          milliseconds(of["cached"]["p50"]), milliseconds(of["cached"]["p99"]), spread(of["cached"]["cpu_us"]), f"{statistics.median(of['cached']['reads']) * 100:.1f} %",
          short(statistics.median(a / b for a, b in zip(of["origin"]["p50"], of["cached"]["p50"]))), milliseconds(of["write"]["p50"]), spread(of["write"]["cpu_us"])]
         for name, of in found["stores"].items()])
    return [*told, "",
            f"A student's list of {SHOWN - 1} bookings ({found['bytes']:,} bytes) over HTTP, one request after the other, so these are latencies of an idle server, the client's own part "
            f"(Python) included. The server has a core for itself; Redis, database and client share the other and take turns. {found['rounds']} rounds of {found['requests']} requests, "
            "stores in turn; the median of the rounds, with the least and the most. Server CPU is the server process's alone, what it does each period beside the requests included. Without the cache each request reads the store once, which was "
            "checked; with it, a read is the first fill, or a request that Redis did not answer within its deadline on a busy machine. Of the two servers that speak MongoDB's "
            "protocol neither is MongoDB, and their times are not its own: FerretDB reads a whole collection for most commands. What carries over is the server's CPU, and the number of "
            "commands ([scaling](scaling.md#what-a-call-costs))."]


if __name__ == "__main__":
    program.main("stores", __doc__, TITLE, run, lines, {"rounds": (int, 5, None), "requests": (int, 200, "in each round")},
                 quick={"rounds": 2, "requests": 20})
