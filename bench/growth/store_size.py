"""The store as it fills: from 10,000 to a million bookings in SQLite, a list's pages and a cold start."""
import os
import time

from bench.growth.scene import add_bookings, forget_pages, time_requests
from bench.support import page, svg
from bench.support.numbers import duration
from bench.support.processes import Stage

TITLE = "Bookings in the store"
STUDENTS, TEACHERS, GIGS = 100, 10, 20
BUSY = 5000  # bookings of the one student whose pages are turned, at every size
LIMIT = 20


def run(quick, say):
    rows = []
    with Stage() as stage:
        path = os.path.join(stage.folder, "bench.db")
        server = stage.bookings("set-up", STORE_URL=f"sqlite:{path}")
        busy = server.register("student", "The Busy Student")
        teachers = [server.register("teacher", f"Teacher {n}") for n in range(TEACHERS)]
        students = [server.register("student", f"Student {n}") for n in range(STUDENTS)]
        gigs = [(teachers[n % TEACHERS], server.made("/api/gigs", teachers[n % TEACHERS]["token"], {
            "title": f"Algebra {n}", "subject": "Mathematics", "price": 800, "description": "x"})) for n in range(GIGS)]
        server.process.stop()

        def others(count, of):
            for i in range(count):
                teacher, gig = gigs[(i * 7) % GIGS]
                yield of[i % len(of)]["id"], teacher["id"], gig["id"]

        add_bookings(path, others(BUSY, [busy]))
        there = BUSY
        for size in ([10_000, 30_000] if quick else [10_000, 100_000, 1_000_000]):
            say(f"{size:,} bookings: writing the file")
            add_bookings(path, others(size - there, students))
            there = size
            say(f"{size:,} bookings: cold start, then a list's pages")
            forget_pages(path)
            name = f"at-{size}"
            server = stage.bookings(name, STORE_URL=f"sqlite:{path}")
            began = time.perf_counter()
            first = server.get(f"/api/bookings?limit={LIMIT}", students[0]["token"])
            first_took = time.perf_counter() - began
            if first.status_code != 200:
                raise SystemExit(f"a list failed: {first.text[:200]}")
            count = 30 if quick else 200
            pages = {number: time_requests(f"{server.url}/api/bookings?limit={LIMIT}&page={number}", busy["token"], count)["p50"]
                     for number in (1, 10, BUSY // LIMIT)}
            rows.append({"bookings": size, "file_bytes": os.path.getsize(path), "listening": server.listening_after, "first_list": first_took,
                         "pages": pages, "quiet": time_requests(f"{server.url}/api/bookings?limit={LIMIT}", students[0]["token"], count)["p50"],
                         "quiet_has": first.json()["total"]})
            server.process.stop()
    return {"rows": rows}


def lines(found):
    pages = list(found["rows"][0]["pages"])
    told = page.table(
        ["bookings", "file, MiB", "cold start until it listens", "its first list", *(f"page {number} of a student's {BUSY:,}, p50" for number in pages), "page 1 of another student, p50 (of so many)"],
        [[f"{row['bookings']:,}", f"{row['file_bytes'] / 2 ** 20:.0f}", duration(row["listening"]), duration(row["first_list"]), *(duration(row["pages"][n]) for n in pages),
          f"{duration(row['quiet'])} ({row['quiet_has']:,})"] for row in found["rows"]])
    return [*told, "", "![A page of a list](benchmarks/growth_store_size.svg)", "",
            "No cache; the file is put out of the kernel's page cache before each start. Lists are read over HTTP, one after the other. The busy student has as many bookings at every "
            "size, the others grow with the file."]


def plots(found):
    return {"growth_store_size.svg": svg.lines(f"A page of {LIMIT} by bookings in the store: p50, ms", "bookings in the store", "ms", {
        f"page {number}": [(row["bookings"], row["pages"][number] * 1e3) for row in found["rows"]] for number in found["rows"][0]["pages"]})}
