"""How long another node may show what was before, where entries are tracked: the one mode that is outside the promise."""
import http.client
import json
import os
import threading
import time

from bench.support import machine, page
from bench.support.numbers import percentile
from bench.support.processes import Stage

TITLE = "News of another node's write (tracked)"


class Reader(threading.Thread):
    """Asks one node for the list without a pause, and notes when each read began and what it showed."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.wire, self.reads, self.over = http.client.HTTPConnection("127.0.0.1", port), [], False

    def run(self):
        while not self.over:
            began = time.perf_counter()
            self.wire.request("GET", "/api/gigs")
            reply = self.wire.getresponse()
            body = json.loads(reply.read())
            self.reads.append((began, body["total"]))


def run(quick, say):
    writes = 30 if quick else 400
    with Stage() as stage:
        store, data = stage.redis(), os.path.join(stage.folder, "shared.db")
        both = {"REDIS_URL": store.url, "STORE_URL": f"sqlite:{data}", "CACHE_L1_MODE": "tracked"}
        writer = stage.bookings("writer", machine.SERVER_CORE, **both)
        asked = stage.bookings("reader", machine.SERVER_CORE, **both)
        teacher = writer.register("teacher", "The Teacher")
        gig = {"title": "Algebra for beginners", "subject": "Mathematics", "price": 800, "description": "x"}
        writer.made("/api/gigs", teacher["token"], gig)
        reader = Reader(asked.port)
        reader.start()
        told = []  # (when the writer was told, how many gigs there are then)
        say(f"{writes} writes")
        for total in range(2, writes + 2):
            writer.made("/api/gigs", teacher["token"], gig)
            told.append((time.perf_counter(), total))
            time.sleep(0.02)
        reader.over = True
        reader.join()
        local = asked.metric('reprise_requests_total{prefix="gigs",result="hit"}')
    after = []
    for when, total in told:
        late = [began - when for began, shown in reader.reads if began > when and shown < total]
        after.append(max(late, default=0.0))
    took = sorted(later[0] - now[0] for now, later in zip(reader.reads, reader.reads[1:]))
    return {"writes": writes, "reads": len(reader.reads), "hits": int(local), "seen_at_once": sum(1 for each in after if each == 0),
            "p50": percentile(after, 0.5), "p99": percentile(after, 0.99), "most": max(after), "read": percentile(took, 0.5)}


def lines(found):
    ms = lambda seconds: f"{seconds * 1000:.2f} ms"
    return [*page.table(["writes", "seen by the next read", "p50", "p99", "longest"],
                        [[f"{found['writes']:,}", f"{found['seen_at_once']:,}", ms(found["p50"]), ms(found["p99"]), ms(found["most"])]]), "",
            f"Two nodes, one Redis. One writes; the other is read without a pause, {found['reads']:,} times, a read each {ms(found['read'])}. Counted from when the writer was told "
            "that its write was done to the beginning of the last read through the other node that still showed what was before. In `validated` mode, which is the default, there is no such time."]


def plots(found):
    return {}
