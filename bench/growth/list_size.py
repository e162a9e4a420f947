"""What 1 to 500 bookings in a user's list cost: a hit, a read of the origin, and memory in Redis."""
import os

from bench.growth.scene import add_bookings, time_requests
from bench.http import load
from bench.support import machine, page, svg
from bench.support.numbers import duration, short
from bench.support.processes import Stage, bearer

TITLE = "Bookings in one list, and memory in L2"
PAGE_ROWS = 100  # the most that one reply shows


def run(quick, say):
    sizes = [1, 20] if quick else [1, 5, 20, 50, 100, 500]
    rows = []
    with Stage() as stage:
        path = os.path.join(stage.folder, "bench.db")
        server = stage.bookings("set-up", STORE_URL=f"sqlite:{path}")
        teacher = server.register("teacher", "The Teacher")
        gig = server.made("/api/gigs", teacher["token"], {"title": "Algebra for beginners", "subject": "Mathematics", "price": 800, "description": "x"})
        students = [server.register("student", f"Student {size}") for size in sizes]
        server.process.stop()
        for size, student in zip(sizes, students):
            add_bookings(path, [(student["id"], teacher["id"], gig["id"])] * size)
        store = stage.redis()
        cached = stage.bookings("cached", REDIS_URL=store.url, STORE_URL=f"sqlite:{path}")
        bypassing = stage.bookings("bypassing", STORE_URL=f"sqlite:{path}")
        for size, student in zip(sizes, students):
            say(f"a list of {size}")
            target = f"/api/bookings?limit={min(size, PAGE_ROWS)}"
            origin = time_requests(bypassing.url + target, student["token"], 50 if quick else 300)
            cached.get(target, student["token"])
            cpu = machine.cpu_seconds(cached.pid)
            told = load.saturate(cached.url + target, bearer(student["token"]), 32, 1 if quick else 4)
            cpu = machine.cpu_seconds(cached.pid) - cpu
            scope = f"bookings:user:{student['id']}"
            memory = {key.decode().removeprefix(scope): store.client.memory_usage(key, samples=0) for key in store.client.scan_iter(scope + ":*")}
            entry = sum(size for key, size in memory.items() if ":query:" in key)
            rows.append({"bookings": size, "shown": min(size, PAGE_ROWS), "bytes": origin["bytes"], "origin_p50": origin["p50"], "origin_p99": origin["p99"],
                         "hit_us": cpu / told["requests"] * 1e6, "rate": told["requests"] / told["seconds"],
                         "entry_memory": entry, "scope_memory": sum(memory.values()) - entry})
    return {"rows": rows}


def lines(found):
    told = page.table(
        ["bookings in the list", "shown in the reply", "reply, bytes", "hit, server CPU µs", "hits/s", "origin read, p50", "p99", "entry in Redis, bytes", "its generation and index, bytes"],
        [[str(row["bookings"]), str(row["shown"]), f"{row['bytes']:,}", short(row["hit_us"]), short(row["rate"]), duration(row["origin_p50"]), duration(row["origin_p99"]),
          f"{row['entry_memory']:,}", f"{row['scope_memory']:,}"] for row in found["rows"]])
    return [*told, "", "![A hit and an origin read by list size](benchmarks/growth_list_size.svg)", "",
            f"A reply shows {PAGE_ROWS} at most, so a list of 500 is five replies; its row is the first of them. Origin reads are one client's, one after the other, over HTTP "
            "with no cache; hits are at 32 connections. Memory is Redis' own `MEMORY USAGE` of the keys."]


def plots(found):
    return {"growth_list_size.svg": svg.lines("By what the reply holds: a hit (CPU) and an origin read (p50), µs", "bytes in the reply", "µs", {
        "hit, CPU": [(row["bytes"], row["hit_us"]) for row in found["rows"] if row["bookings"] == row["shown"]],
        "origin read": [(row["bytes"], row["origin_p50"] * 1e6) for row in found["rows"] if row["bookings"] == row["shown"]]})}
