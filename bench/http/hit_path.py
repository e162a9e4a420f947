#!/usr/bin/env python3
"""The hit path beside the usual recipe on Express 4 + ioredis 5: requests per second and server CPU per request.

usage: bench/http/hit_path.py [--rounds N] [--seconds S]      (after `make build`; needs wrk, Node.js and npm)

Each server is pinned to core 0, the load generator and Redis to core 1; candidates take turns; every reply must be a HIT.
Writes docs/benchmarks.md.
"""
import argparse
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "bench-secret-of-at-least-thirty-two-bytes"
CONNECTIONS = 32


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(url, token=None, body=None):
    request = urllib.request.Request(url, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.headers, reply.read().decode()


def until(check):
    for _ in range(200):
        try:
            if check():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("a server did not come up")


def start(core, command, **environment):
    return subprocess.Popen(["taskset", "-c", str(core), *command], env={**os.environ, **environment},
                            stdout=subprocess.DEVNULL, cwd=tempfile.mkdtemp())


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(url):
    """A student with a list of about 2 KB; returns its token and the list."""
    def register(role):
        body = {"email": f"{role}@bench.example", "password": "a long password", "name": f"The {role}", "role": role}
        return json.loads(call(url + "/api/auth/register", body=body)[1])["data"]["token"]
    teacher, student = register("teacher"), register("student")
    gig = json.loads(call(url + "/api/gigs", teacher, {"title": "Algebra for beginners", "subject": "Mathematics",
                                                        "price": 800, "description": "x"})[1])["data"]["id"]
    for hour in range(4):
        call(url + "/api/bookings", student, {"gigId": gig, "scheduledAt": f"2030-01-15T{10 + hour}:00:00Z", "note": "Chapter 3"})
    return student, call(url + "/api/bookings", student)[1]


def measure(candidate, seconds, token):
    before = cpu_seconds(candidate["pid"])
    run = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s",
                          os.path.join(ROOT, "bench/http/hit.lua"), "-H", f"Authorization: Bearer {token}",
                          candidate["url"] + "/api/bookings"], capture_output=True, text=True, check=True)
    requests, microseconds, wrong, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", run.stdout).groups())
    if wrong or errors or not requests:
        raise SystemExit(f"{candidate['name']}: {wrong} replies were no HIT, {errors} errors, {requests} requests")
    used = cpu_seconds(candidate["pid"]) - before
    return requests / (microseconds / 1e6), used / requests * 1e6


def describe():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    version = lambda *c: subprocess.run(c, capture_output=True, text=True).stdout.strip().splitlines()[0]
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; "
            f"{version('g++', '--version')}; {version('redis-server', '--version').split(' sha')[0]}; Node.js {version('node', '--version')}")


def spread(values, digits):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def report(rounds, seconds, results, size):
    ratios = lambda k: [theirs[k] / ours[k] for ours, theirs in zip(results["reprise"], results["express"])]
    lines = [
        "# Benchmarks", "",
        f"`make build && bench/http/hit_path.py --rounds {rounds} --seconds {seconds}` on {time.strftime('%Y-%m-%d')}: {describe()}.", "",
        f"A cached `GET /api/bookings` of {size} bytes, with token check and routing, from Redis; {CONNECTIONS} connections; server on one "
        "core, load generator (wrk) and Redis on the other; candidates in turn; every reply asserted to be a HIT. "
        "Median (least to most) of the rounds; CPU is the server process's own, from the operating system. The machine is shared and noisy: read the ratios.", "",
        "| | requests/s | server CPU per request, µs |", "|---|---|---|"]
    for name, title in (("reprise", "bookings-server"), ("express", "the recipe on Express 4 + ioredis 5")):
        lines.append(f"| {title} | {spread([r[0] for r in results[name]], 0)} | {spread([r[1] for r in results[name]], 1)} |")
    lines += ["", f"CPU per request, recipe / ours, round by round: **{spread(ratios(1), 1)}**. "
              f"Requests/s, ours / recipe: **{spread([1 / r for r in ratios(0)], 1)}**.", "",
              "What this does not show: other peers (nginx, Fastify, Varnish), L1, latency at a fixed rate, more cores, growth. "
              "The load generator and Redis share a core, which may bound the faster candidate's throughput; CPU per request is not touched by that.", ""]
    os.makedirs(os.path.join(ROOT, "docs"), exist_ok=True)
    open(os.path.join(ROOT, "docs/benchmarks.md"), "w").write("\n".join(lines))
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    wanted = parser.parse_args()
    peer = os.path.join(ROOT, "bench/peers/express")
    if not os.path.isdir(os.path.join(peer, "node_modules")):
        subprocess.run(["npm", "ci", "--silent"], cwd=peer, check=True)
    ports = [free_port() for _ in range(3)]
    redis_url, started = f"redis://127.0.0.1:{ports[0]}", []
    try:
        started.append(start(1, ["redis-server", "--port", str(ports[0]), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]))
        until(lambda: subprocess.run(["redis-cli", "-p", str(ports[0]), "ping"], capture_output=True).stdout == b"PONG\n")
        common = {"REDIS_URL": redis_url, "JWT_SECRET": SECRET}
        ours = {"name": "reprise", "url": f"http://127.0.0.1:{ports[1]}"}
        started.append(start(0, [os.path.join(ROOT, "build/release/bookings-server")], PORT=str(ports[1]), WORKERS="1",
                             LOG_LEVEL="warn", STORE_URL="sqlite:bench.db", **common))
        ours["pid"] = started[-1].pid
        until(lambda: '"in use"' in call(ours["url"] + "/ready")[1])
        token, body = fill(ours["url"])
        theirs = {"name": "express", "url": f"http://127.0.0.1:{ports[2]}"}
        started.append(start(0, ["node", os.path.join(peer, "server.js")], PORT=str(ports[2]), BENCH_BODY=body,
                             NODE_ENV="production", **common))
        theirs["pid"] = started[-1].pid
        until(lambda: call(theirs["url"] + "/api/bookings", token))
        results = {"reprise": [], "express": []}
        for candidate in (ours, theirs):
            until(lambda: call(candidate["url"] + "/api/bookings", token)[0]["X-Cache"] == "HIT")
            measure(candidate, 1, token)  # warm-up, not counted
        for number in range(wanted.rounds):
            for candidate in (ours, theirs):
                results[candidate["name"]].append(measure(candidate, wanted.seconds, token))
                print(f"round {number + 1}/{wanted.rounds} {candidate['name']}: "
                      f"{results[candidate['name']][-1][0]:,.0f}/s {results[candidate['name']][-1][1]:.1f} µs", flush=True)
        report(wanted.rounds, wanted.seconds, results, len(body))
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
