"""What growth measurements share: bookings written straight into a store's file, and one request's time."""
import contextlib
import os
import sqlite3
import time

import requests

from bench.support.numbers import percentile
from bench.support.processes import bearer

HOUR_MS = 3_600_000
BEGIN_MS = 1_893_456_000_000  # 2030-01-01T00:00:00Z


def add_bookings(path, rows):
    """Inserts (student id, teacher id, gig id) into the store's file, one booking each, a minute after the other.

    For a file that no server uses: a million through the API would take hours. Rows are as the server writes them; there
    is nothing to invalidate, since nobody has read them yet.
    """
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA synchronous = OFF")
        store.execute("PRAGMA cache_size = -262144")
        number = store.execute("SELECT count(*) FROM bookings").fetchone()[0]
        with store:
            store.executemany(
                "INSERT INTO bookings (id, student_id, teacher_id, gig_id, status, payment_status, scheduled_at, duration_minutes, note, price,"
                " created_at, updated_at) VALUES (?, ?, ?, ?, 'completed', 'paid', ?, 60, NULL, 80000, ?, ?)",
                ((f"{number + i:024x}", student, teacher, gig, BEGIN_MS + i * HOUR_MS, BEGIN_MS + (number + i) * 60_000,
                  BEGIN_MS + (number + i) * 60_000) for i, (student, teacher, gig) in enumerate(rows)))
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def forget_pages(path):
    """Puts the file out of the kernel's cache, as after a restart of the machine."""
    with open(path, "rb") as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def time_requests(url, token, count, want_status=200):
    """Times of `count` GETs, one after the other on one connection: {"p50", "p99"} in seconds, "bytes" of the body."""
    session, times = requests.Session(), []
    for _ in range(count):
        began = time.perf_counter()
        reply = session.get(url, headers=bearer(token), timeout=60)
        times.append(time.perf_counter() - began)
        if reply.status_code != want_status:
            raise SystemExit(f"{url}: {reply.status_code} {reply.text[:200]}")
    return {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "bytes": len(reply.content)}
