"""make bench: a cached reply of 2 KB, ours beside others'. Candidates in turn, several rounds, pinned.

For each turn: wrk at saturation (requests/s, CPU per request of server and Redis apart), then vegeta at fixed rates
(latency from when each request was due). A turn counts only if every reply was what it should be: no error, the size
that check() saw, and no read of the origin where a hit should need none.
"""
import argparse
import os
import re
import subprocess
import sys
import time

from bench.http import candidates, load, side_by_side_page
from bench.http.candidates import Wrong
from bench.support import machine
from bench.support.processes import Stage, allow_many_files
from bench.support.progress import Progress

RATES = (500, 4000)  # the first is what also the slowest bears; beyond the second, vegeta itself is late on one core
REDIS_REQUESTS = 200_000
TRIES = 4


def measure(candidate, seconds, rates):
    """One turn: a dict of numbers, times in seconds."""
    origin = candidate.origin_reads() if candidate.origin_reads else 0
    commands = candidate.redis.commands() if candidate.redis else 0
    pids = candidate.pids + ([candidate.redis.pid] if candidate.redis else [])
    others = machine.Disturbance(pids)
    server, cache = sum(map(machine.cpu_seconds, candidate.pids)), machine.cpu_seconds(candidate.redis.pid) if candidate.redis else 0
    generator = os.times()
    told = load.saturate(candidate.url, candidate.headers, candidates.CONNECTIONS, seconds, tokens=candidate.tokens)
    server = sum(map(machine.cpu_seconds, candidate.pids)) - server
    cache = machine.cpu_seconds(candidate.redis.pid) - cache if candidate.redis else 0
    spent = os.times()
    count = told["requests"]
    # wrk counts the bytes of replies that its end cut off too: at most one for each connection.
    expected = count * candidate.reply_bytes
    if abs(told["bytes"] - expected) > candidates.CONNECTIONS * candidate.reply_bytes + 0.005 * expected:
        raise Wrong(f"{candidate.name}: {told['bytes'] / count:.1f} bytes a reply, expected {candidate.reply_bytes}")
    if candidate.cached and candidate.origin_reads and (read := int(candidate.origin_reads() - origin)):
        raise Wrong(f"{candidate.name}: {read} reads of the origin among {count} hits")
    found = {"rate": count / told["seconds"], "server_us": server / count * 1e6, "redis_us": cache / count * 1e6,
             "commands": (candidate.redis.commands() - commands) / count if candidate.redis else 0,
             "server_busy": server / told["seconds"],
             "generator_busy": (spent.children_user + spent.children_system - generator.children_user - generator.children_system) / told["seconds"],
             "others": others.share(), "p50": told["p50"], "p99": told["p99"], "p999": told["p999"]}
    for rate in rates:
        found[f"at_{rate}"] = load.at_rate(candidate.url, candidate.headers, candidates.CONNECTIONS, seconds, rate, candidate.tokens)
    return found


def bearable_rates(candidate):
    """At which rates it is measured: those of which it bears at least the double. What this finds is not counted: it is
    also the warm-up."""
    most = load.saturate(candidate.url, candidate.headers, candidates.CONNECTIONS, 2, tokens=candidate.tokens)
    if not os.path.exists(machine.VEGETA):
        return []
    return [rate for rate in RATES if most["requests"] / most["seconds"] >= 2 * rate]


def measure_redis(store, requests):
    """One turn of Redis alone: GET of the same bytes, from as many connections."""
    others = machine.Disturbance([store.pid])
    cpu, began = machine.cpu_seconds(store.pid), time.monotonic()
    ran = subprocess.run(["taskset", "-c", str(machine.LOAD_CORE), "redis-benchmark", "-p", str(store.port), "-c", str(candidates.CONNECTIONS),
                          "-n", str(requests), "--csv", "GET", "bench:value"], capture_output=True, text=True, check=True)
    took, cpu = time.monotonic() - began, machine.cpu_seconds(store.pid) - cpu
    # Columns: test, requests/s, then latencies in ms: mean, least, median, p95, p99, most.
    row = re.findall(r'"([^"]*)"', ran.stdout.strip().splitlines()[-1])
    return {"rate": float(row[1]), "server_us": 0, "redis_us": cpu / requests * 1e6, "commands": 1, "server_busy": cpu / took,
            "generator_busy": None, "others": others.share(), "p50": float(row[4]) / 1e3, "p99": float(row[6]) / 1e3, "p999": None}


class Turns:
    """Does a turn again that did not count, and remembers why: on a busy machine Redis may miss its deadline once, and
    then a hit is a read of the origin, which is no hit's time."""

    def __init__(self):
        self.not_counted = []

    def count(self, turn, *arguments):
        for _ in range(TRIES):
            try:
                return turn(*arguments)
            except Wrong as why:
                self.not_counted.append(str(why))
                print(f"\nnot counted, and done again: {why}", file=sys.stderr)
        raise SystemExit(f"given up after {TRIES} tries in a row: {self.not_counted[-1]}")


def run(wanted, rounds, seconds):
    allow_many_files()
    with Stage() as stage:
        ready, body, skipped = candidates.start_all(stage, wanted)
        for name, why in skipped.items():
            print(f"{name}: left out, {why}", file=sys.stderr)
        alone = None
        if "redis-get" in wanted:
            alone = stage.redis("redis-alone", machine.SERVER_CORE)
            alone.client.set("bench:value", body)
        names = [name for name in wanted if name in ready or (name == "redis-get" and alone)]
        results = {name: [] for name in names}
        progress = Progress(len(names) * rounds)
        turns = Turns()
        for candidate in ready.values():
            turns.count(candidate.check)
        rates = {name: turns.count(bearable_rates, candidate) for name, candidate in ready.items()}
        for number in range(rounds):
            # Each round begins with another one: who goes first or after whom is nobody's lot for good.
            for name in names[number % len(names):] + names[:number % len(names)]:
                progress.say(f"round {number + 1} of {rounds}: {name}")
                results[name].append(measure_redis(alone, REDIS_REQUESTS) if name == "redis-get"
                                     else turns.count(measure, ready[name], seconds, rates[name]))
        progress.end()
        sizes = {name: {"body": each.body_bytes, "reply": each.reply_bytes} for name, each in ready.items()}
    return {"machine": machine.describe(), "rounds": rounds, "seconds": seconds, "bytes": sizes,
            "cores": {"all": len(machine.CORES), "redis_alone": len(machine.CORES) > 2}, "skipped": skipped, "not_counted": turns.not_counted, "results": results}


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each turn at saturation; at a fixed rate the same [4]")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 second: whether all works, not how fast")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(candidates.TITLES)}; the page is not written")
    parser.add_argument("--no-page", action="store_true", help="print the table, leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    if asked.quick:
        asked.rounds, asked.seconds = 2, 1
    wanted = asked.only.split(",") if asked.only else list(candidates.TITLES)
    if unknown := [name for name in wanted if name not in candidates.TITLES]:
        parser.error(f"no candidate {', '.join(unknown)}; there are {', '.join(candidates.TITLES)}")
    if not os.path.exists(machine.VEGETA):
        print("vegeta is not there, and no Go to build it: latency at a fixed rate is left out", file=sys.stderr)
    found = {**run(wanted, asked.rounds, asked.seconds), "quick": asked.quick}
    side_by_side_page.write(found, to_page=not (asked.only or asked.no_page))


if __name__ == "__main__":
    main()
