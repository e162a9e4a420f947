"""Load on one URL: wrk for what it bears at most, vegeta for latency at a fixed rate."""
import csv
import json
import os
import subprocess
import tempfile

from bench.http.candidates import Wrong
from bench.support import machine
from bench.support.numbers import delays_from_schedule, percentile

DONE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "done.lua")


def saturate(url, headers, connections, seconds, threads=1, cores=machine.LOAD_CORE, tokens=()):
    """As many requests as `connections` clients get through that each wait for their reply (a closed loop).

    With `tokens`, those users ask in turn, and `headers` has none. Returns {"requests", "seconds", "bytes" (replies, heads
    included), "p50", "p99", "p999" (seconds)}. Raises Wrong where any reply was none, or no 2xx.
    """
    command = ["taskset", "-c", str(cores), "wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", DONE]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.NamedTemporaryFile("w") as users:
        users.writelines(f"{token}\n" for token in tokens)
        users.flush()
        environment = {**os.environ, "BENCH_TOKENS": users.name} if tokens else None
        ran = subprocess.run([*command, url], capture_output=True, text=True, check=False, env=environment)
    line = next((line for line in ran.stdout.splitlines() if line.startswith("RESULT ")), None)
    if not line:
        raise Wrong(f"wrk: {ran.stdout}{ran.stderr}")
    told = json.loads(line[len("RESULT "):])
    if told["errors"] or not told["requests"]:
        raise Wrong(f"{url}: {told['errors']} of {told['requests']} requests failed: {ran.stdout}")
    return told


def at_rate(url, headers, connections, seconds, rate, tokens=()):
    """`rate` requests a second, due at even times whatever the replies do (an open loop), on so many connections.

    Returns {"p50", "p99", "p999", "most" (seconds, from when each request was due), "late": the 99th percentile of how
    late they were sent}. Raises Wrong where any reply was no 200.
    """
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "results.bin")
        command = ["taskset", "-c", str(machine.LOAD_CORE), machine.VEGETA, "attack", f"-rate={rate}", f"-duration={seconds}s",
                   f"-connections={connections}", f"-max-connections={connections}", "-max-body=0", "-timeout=5s",
                   f"-output={results}"]
        for name, value in headers.items():
            command += ["-header", f"{name}: {value}"]
        targets = "".join(f"GET {url}\nAuthorization: Bearer {token}\n\n" for token in tokens) or f"GET {url}\n"
        subprocess.run(command, input=targets, text=True, check=True, capture_output=True)
        told = subprocess.run([machine.VEGETA, "encode", "-to", "csv", results], check=True, capture_output=True, text=True).stdout
    # Columns: time sent (ns), status, latency (ns), bytes out, bytes in, error, body, name, number, method, URL, headers.
    sent = []
    for row in csv.reader(told.splitlines()):
        if row[1] != "200":
            raise Wrong(f"{url} at {rate}/s: status {row[1]} {row[5]}")
        sent.append((int(row[8]), int(row[0]), int(row[2])))
    first = min(at for _, at, _ in sent)  # nanoseconds since 1970 do not fit a float: counted from the first
    sent = [(number, (at - first) / 1e9, latency / 1e9) for number, at, latency in sent]
    delays = delays_from_schedule(sent, rate)
    late = [delay - latency for delay, (_, _, latency) in zip(delays, sent)]
    return {"p50": percentile(delays, 0.5), "p99": percentile(delays, 0.99), "p999": percentile(delays, 0.999),
            "most": max(delays), "late": percentile(late, 0.99), "requests": len(sent)}
