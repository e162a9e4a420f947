"""make bench-jobs: how many jobs a second are added and processed, by reprise::jobs and by npm's BullMQ, on one Redis.

Both do the same: the same jobs, an empty processor, default options. What each leaves behind in Redis is compared key by
key before anything is measured.
"""
import collections
import json
import os
import re
import statistics
import subprocess

from bench.support import machine, page, program
from bench.support.numbers import short, spread
from bench.support.processes import Stage

TITLE = "Queue throughput beside BullMQ"
OURS, THEIRS = "reprise::jobs", "BullMQ (npm)"
PROGRAMS = {OURS: [os.environ.get("JOBS_LOAD", os.path.join(machine.ROOT, "build/release/jobs_load"))],
            THEIRS: ["node", os.path.join(machine.ROOT, "bench/peers/bullmq/load.mjs")]}
CHUNK = 500


class Scenario:
    def __init__(self, told, count, do, adds_before=False, **fields):
        self.told, self.count, self.command, self.adds_before = told, count, {"do": do, **fields}, adds_before


# Counts that take npm's BullMQ about a second.
SCENARIOS = [
    Scenario("add, awaiting each", 4000, "add", in_flight=1),
    Scenario("add, 50 in flight", 20_000, "add", in_flight=50),
    Scenario("add in bulk, 500 a call", 20_000, "add_bulk", chunk=CHUNK),
    Scenario("process, concurrency 1", 3000, "process", adds_before=True, concurrency=1),
    Scenario("process, concurrency 50", 12_000, "process", adds_before=True, concurrency=50),
]


class Candidate:
    """One program that adds and processes, on a core of its own."""

    def __init__(self, name, redis):
        self.name, self.redis, self.number = name, redis, 0
        self.child = subprocess.Popen(["taskset", "-c", str(machine.SERVER_CORE), *PROGRAMS[name], str(redis.port)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **command):
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with status {self.child.wait()}")
        return json.loads(line)["seconds"]

    def run(self, scenario, count):
        """One turn on an empty Redis: {"rate", "client_us", "redis_us"}, and the queue, whose keys are still there."""
        self.redis.client.flushall()
        self.number += 1
        queue = f"q{self.number}"
        if scenario.adds_before:
            self.ask(do="add_bulk", queue=queue, count=count, chunk=min(CHUNK, count))
        client, server = machine.cpu_seconds(self.child.pid), machine.cpu_seconds(self.redis.pid)
        seconds = self.ask(queue=queue, count=count, **scenario.command)
        told = {"rate": count / seconds, "client_us": (machine.cpu_seconds(self.child.pid) - client) / count * 1e6,
                "redis_us": (machine.cpu_seconds(self.redis.pid) - server) / count * 1e6}
        self.check(scenario, queue, count)
        return told, queue

    def check(self, scenario, queue, count):
        """All jobs are where they should be."""
        redis, end = self.redis.client, f"bull:{queue}:"
        if scenario.adds_before:
            there = redis.zcard(end + "completed")
        else:
            there = redis.llen(end + "wait")
        if there != count or redis.exists(end + "active"):
            raise SystemExit(f"{self.name}, {scenario.told}: {there} of {count} jobs")

    def stop(self):
        self.child.stdin.close()
        self.child.wait(timeout=60)


def left_behind(redis, queue):
    """What stands in Redis, without what must differ (times, who made the queue's metadata)."""
    found, events = {}, collections.Counter()
    for key in redis.keys("*"):
        name = key.decode().removeprefix(f"bull:{queue}:")
        kind = redis.type(key).decode()
        if kind == "hash":
            found[name] = {field.decode(): value.decode() for field, value in redis.hgetall(key).items()}
            for varies in ("timestamp", "processedOn", "finishedOn", "version"):
                if varies in found[name] and varies != "version":
                    found[name][varies] = re.sub(r"\d", "9", found[name][varies])
            found[name].pop("version", None)
        elif kind == "list":
            found[name] = [each.decode() for each in redis.lrange(key, 0, -1)]
        elif kind == "zset":
            found[name] = sorted(each.decode() for each in redis.zrange(key, 0, -1))
        elif kind == "stream":
            for _, entry in redis.xrange(key):
                told = {field.decode(): value.decode() for field, value in entry.items()}
                events[json.dumps(told, sort_keys=True)] += 1
            found[name] = {told: times for told, times in events.items() if '"drained"' not in told}
        else:
            found[name] = kind
    # What workers come to on their own clocks: looking for stalled jobs, taking the wake-up when there is nothing left.
    for passing in ("stalled-check", "stalled", "marker"):
        found.pop(passing, None)
    return found


def assert_the_same(candidates, redis):
    """After the same commands, both have left the same keys, fields, values and events."""
    for scenario in SCENARIOS:
        told = {}
        for each in candidates:
            _, queue = each.run(scenario, CHUNK)
            told[each.name] = left_behind(redis.client, queue)
        for name in sorted(set(told[OURS]) | set(told[THEIRS])):
            ours, theirs = told[OURS].get(name), told[THEIRS].get(name)
            if ours != theirs:
                raise SystemExit(f"{scenario.told}: {name} differs:\n  ours   {str(ours)[:1500]}\n  theirs {str(theirs)[:1500]}")


def run(rounds, say, share=1):
    with Stage() as stage:
        redis = stage.redis()
        candidates = [Candidate(name, redis) for name in PROGRAMS]
        try:
            say("the same is left behind")
            assert_the_same(candidates, redis)
            found = {scenario.told: {each.name: collections.defaultdict(list) for each in candidates} for scenario in SCENARIOS}
            for number in range(rounds + 1):  # the first one warms up, and does not count
                for scenario in SCENARIOS:
                    for each in candidates if number % 2 == 0 else reversed(candidates):
                        say(f"round {number} of {rounds}: {scenario.told}, {each.name}")
                        told, _ = each.run(scenario, max(CHUNK, int(scenario.count * share) // CHUNK * CHUNK))
                        for measure, value in told.items() if number else []:
                            found[scenario.told][each.name][measure].append(value)
        finally:
            for each in candidates:
                each.stop()
        return {"rounds": rounds, "scenarios": found}


def times_as_many(of):
    """Round by round: what the machine did to a round, it did to both."""
    return [ours / theirs for ours, theirs in zip(of[OURS]["rate"], of[THEIRS]["rate"])]


def lines(found):
    told = page.table(
        ["", "jobs a second: ours", "npm", "times as many", "client CPU a job, µs: ours", "npm", "Redis CPU a job, µs: ours", "npm"],
        [[name, spread(of[OURS]["rate"]), spread(of[THEIRS]["rate"]), f"**{short(statistics.median(times_as_many(of)))}**",
          *(spread(of[who][measure]) for measure in ("client_us", "redis_us") for who in (OURS, THEIRS))]
         for name, of in found["scenarios"].items()])
    return [*told, "",
            f"One client process, on a core of its own; one Redis on another, in memory alone. An empty processor, default options, "
            f"jobs of three fields; finished jobs are kept. {found['rounds']} rounds in turn, the order reversed each time, after one that does not count; the "
            "median, with the least and the most. *Times as many* is the median of the rounds' ratios. Before, both do the same on a small scale, and what "
            "they leave in Redis is compared key by key, field by field and event by event; after each turn every job is where it should be. "
            "CPU is user and kernel together, by the kernel's own account."]


if __name__ == "__main__":
    with open(os.path.join(machine.ROOT, "bench/peers/bullmq/package.json")) as package:
        versions = json.load(package)["dependencies"]
    program.main("jobs", __doc__, TITLE, run, lines, {"rounds": (int, 7, None)}, quick={"rounds": 2, "share": 0.25},
                 server=f"reprise::jobs and bullmq {versions['bullmq']} with ioredis {versions['ioredis']}")
