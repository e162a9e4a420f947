"""Latency and throughput of a hit from 1 to 10,000 connections."""
from bench.http import load
from bench.http.candidates import set_scene
from bench.support import machine, page, svg
from bench.support.numbers import duration, short
from bench.support.processes import Stage, allow_many_files, bearer

TITLE = "Connections"


def run(quick, say):
    rows, files = [], allow_many_files()
    with Stage() as stage:
        server = stage.bookings(REDIS_URL=stage.redis().url)
        token, _ = set_scene(server)
        idle = machine.resident_bytes(server.pid)
        for connections in ([1, 32, 1000] if quick else [1, 10, 32, 100, 316, 1000, 3162, 9900]):
            if connections + 500 > files:
                say(f"{connections} connections are left out: this user may open {files} files")
                continue
            say(f"{connections:,} connections")
            # With very many, the first second goes into opening them.
            told = load.saturate(server.url + "/api/bookings", bearer(token), connections, 1 if quick else 6)
            rows.append({"connections": connections, "rate": told["requests"] / told["seconds"], "p50": told["p50"], "p99": told["p99"],
                         "resident": machine.resident_bytes(server.pid)})
    return {"rows": rows, "idle": idle}


def lines(found):
    told = page.table(["connections", "requests/s", "p50", "p99", "server's memory, MiB"],
                      [[f"{row['connections']:,}", short(row["rate"]), duration(row["p50"]), duration(row["p99"]), f"{row['resident'] / 2 ** 20:.0f}"]
                       for row in found["rows"]])
    return [*told, "", "![Latency by connections](benchmarks/growth_connections.svg)", "",
            "A hit of 2 KB from Redis, one I/O thread; each connection sends its next request when it has its reply (wrk). So latency grows with their number once the server "
            "is saturated: connections / throughput is the least it can be (Little's law). The listener takes 10,000 at once; a hundred are left for others here."]


def plots(found):
    return {"growth_connections.svg": svg.lines("Latency of a hit, ms", "connections", "ms", {
        name: [(row["connections"], row[name] * 1e3) for row in found["rows"]] for name in ("p50", "p99")})}
