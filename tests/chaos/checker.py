"""Readers and writers of bookings over HTTP, and what each read must show.

Every user is a student with a teacher of their own, and has one writer. A write is *acknowledged* with its 2xx reply. A read
takes note of what was acknowledged before it began: all of that it must show, whoever wrote it and whichever node is asked.
A write without a reply, or with 503, is *unknown*: it may show. The writer repeats it under its Idempotency-Key, through
another node, and what that answers counts as any other reply.

One more user per load signs in and out: a token that was ended is refused by every node, and a new one taken.

A booking is known by its number, which stands in its note; its status only moves forward. So a write that was unknown and
takes effect late cannot be mistaken for an old state, nor make up for one that is missing.
"""
import collections
import dataclasses
import functools
import http.client
import json
import random
import threading
import time

LIMIT = 20       # seconds that a client waits for a reply: a write may wait 10 s for other nodes, on a server with sanitizers
SHOWN = 40       # bookings that a read asks for, newest first
CHECKED = 20     # the latest acknowledged ones, which each read is held against; the rest is room for what comes meanwhile
RANKS = {"pending": 0, "accepted": 1, "completed": 2}
NO_REPLY = (OSError, http.client.HTTPException)


class Client:
    """One thread's connections, one for each node."""

    def __init__(self):
        self.connections = {}

    def request(self, node, method, path, token, body=None, headers=None):
        """Returns (status, headers, parsed body or None); None where no whole reply came."""
        connection = self.connections.get(node.port)
        if connection is None:
            connection = self.connections[node.port] = http.client.HTTPConnection("127.0.0.1", node.port, timeout=LIMIT)
        fields = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        if body is not None:
            fields["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), fields)
            reply = connection.getresponse()
            text = reply.read()
            return reply.status, reply.headers, json.loads(text) if text else None
        except (*NO_REPLY, ValueError):
            connection.close()
            return None

    def close(self):
        for connection in self.connections.values():
            connection.close()


@dataclasses.dataclass
class Stale:
    """A read that did not show what was acknowledged before it began."""
    fault: str
    node: str
    list_of: str
    x_cache: str
    missing: str
    acknowledged: float  # seconds between the acknowledgement and the begin of the read
    took: float

    def __str__(self):
        return (f"[{self.fault}] {self.node} answered {self.x_cache} for the {self.list_of}: without {self.missing}, "
                f"which was acknowledged {self.acknowledged * 1000:.1f} ms before the read began "
                f"(the read took {self.took * 1000:.1f} ms)")


class Tally:
    """What was counted under one fault. Thread-safe."""

    def __init__(self, fault):
        self.fault = fault
        self.lock = threading.Lock()
        self.reads = self.hits = self.unanswered = self.acknowledged = self.unknown = 0
        self.waits, self.stale, self.errors = [], [], []
        self.hits_of = collections.Counter()

    def quantile(self, part):
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0

    def row(self):
        return (self.fault, self.reads, self.hits, self.unanswered, self.acknowledged, self.unknown,
                *(f"{self.quantile(part) * 1000:.0f}" for part in (0.5, 0.99, 1)), len(self.stale), len(self.errors))


HEADINGS = ("fault", "reads checked", "hits", "reads unanswered", "writes acknowledged", "writes unknown", "wait p50 ms",
            "p99 ms", "longest ms", "stale reads", "errors")


def table(tallies):
    rows = [HEADINGS, *(tally.row() for tally in tallies)]
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]

    def line(row):
        return "| " + " | ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))) + " |"

    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


@dataclasses.dataclass
class Booking:
    number: int
    id: str
    rank: int           # as acknowledged
    acknowledged: float
    is_settled: bool = True  # false: a change of its status is unknown


class User:
    """A student with a teacher, and the bookings that were acknowledged. One thread writes; any may take floor()."""

    def __init__(self, server):
        self.student, self.teacher = server.register("student"), server.register("teacher")
        self.gig = server.make_gig(self.teacher)["id"]
        self.issued = 0     # the writer's alone
        self.lock = threading.Lock()
        self.count = 0
        self.latest = collections.deque(maxlen=CHECKED)

    def acknowledge(self, booking):
        with self.lock:
            self.count += 1
            self.latest.append(booking)

    def advance(self, booking, rank):
        with self.lock:
            booking.rank, booking.acknowledged = rank, time.monotonic()

    def floor(self):
        """What every read that begins after this must show: how many, and (number, rank, since) of the latest."""
        with self.lock:
            return self.count, [(one.number, one.rank, one.acknowledged) for one in self.latest]


def missing_of(floor, body, began):
    """The first thing that a list lacks, as (what, seconds since it was acknowledged); None where it shows everything."""
    count, latest = floor
    shown = {int(row["note"]): RANKS[row["status"]] for row in body["data"]}
    # Newest first, and numbers rise with the time of creation: what is below a full page was pushed off it meanwhile.
    lowest = min(shown) if len(shown) == SHOWN else 0
    for number, rank, since in latest:
        if number < lowest:
            continue
        has = shown.get(number)
        if has is None:
            return f"booking {number}", began - since
        if has < rank:
            return f"booking {number} as {list(RANKS)[rank]}", began - since
    if body["total"] < count:
        return f"{count - body['total']} of {count} bookings", began - max((since for *_, since in latest), default=began)
    return None


class Load:
    """The threads: one writer and some readers for each user, through a random one of `nodes()` each time; one reader of each
    user also asks those of nodes(True), which may keep it waiting for long."""

    def __init__(self, nodes, users, seed, visitor=None, readers=3, write_pause=0.02, read_pause=0.004):
        self.nodes, self.users = nodes, users
        self.write_pause, self.read_pause = write_pause, read_pause
        self.tally = Tally("")
        self.stopped = threading.Event()
        self.threads = []
        for at, user in enumerate(users):
            self._start(self._write, user, random.Random(f"{seed} writer {at}"))
            for reader in range(readers):
                read = functools.partial(self._read, even_paused=reader == 0)
                self._start(read, user, random.Random(f"{seed} reader {at} {reader}"))

        if visitor:
            self._start(self._visit, visitor, random.Random(f"{seed} visitor"))

    def under(self, fault):
        """From here on what begins is counted as under this fault."""
        self.tally = Tally(fault)
        return self.tally

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=2 * LIMIT)
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"

    def _start(self, work, user, dice):
        def run():
            client = Client()
            try:
                while not self.stopped.is_set():
                    work(client, user, dice)
            except Exception as error:  # a broken checker must not look like a quiet one
                with self.tally.lock:
                    self.tally.errors.append(f"the checker itself: {error!r}")
                raise
            finally:
                client.close()

        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _read(self, client, user, dice, even_paused):
        self.stopped.wait(dice.expovariate(1 / self.read_pause))
        tally, node = self.tally, dice.choice(self.nodes(even_paused))
        who, token = dice.choice((("student's list", user.student["token"]), ("teacher's list", user.teacher["token"])))
        floor, began = user.floor(), time.monotonic()
        reply = client.request(node, "GET", f"/api/bookings?limit={SHOWN}", token)
        took = time.monotonic() - began
        with tally.lock:
            if reply is None or reply[0] == 503:
                tally.unanswered += 1
                return
            status, headers, body = reply
            if status != 200:
                tally.errors.append(f"GET gave {status}: {body}")
                return
            tally.reads += 1
            if headers["X-Cache"] == "HIT":
                tally.hits += 1
                tally.hits_of[node.port] += 1
            missing = missing_of(floor, body, began)
            if missing:
                tally.stale.append(Stale(tally.fault, node.name, who, headers["X-Cache"], *missing, took))

    def _write(self, client, user, dice):
        self.stopped.wait(dice.expovariate(1 / self.write_pause))
        settled = [one for one in user.latest if one.is_settled and one.rank < 2]
        if settled and dice.random() < 0.4:
            self._move(client, user, dice.choice(settled), dice)
        else:
            self._book(client, user, dice)

    def _book(self, client, user, dice):
        user.issued += 1
        number = user.issued
        at = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(1893456000 + number * 3600))
        body = {"gigId": user.gig, "scheduledAt": at, "note": str(number)}
        key = {"Idempotency-Key": f"booking-{number}"}
        while not self.stopped.is_set():
            reply = self._send(client, dice, "POST", "/api/bookings", user.student["token"], body, key, expected=201)
            if reply:
                return user.acknowledge(Booking(number, reply["data"]["id"], 0, time.monotonic()))

    def _move(self, client, user, booking, dice):
        status = list(RANKS)[booking.rank + 1]
        reply = self._send(client, dice, "PUT", f"/api/bookings/{booking.id}/status", user.teacher["token"],
                           {"status": status}, {}, expected=200)
        if reply:
            user.advance(booking, booking.rank + 1)
        else:
            booking.is_settled = False

    def _visit(self, client, visitor, dice):
        self.stopped.wait(0.2)  # a password's hash is work on purpose
        sign_in = {"email": visitor["email"], "password": "long enough"}
        reply = client.request(dice.choice(self.nodes()), "POST", "/api/auth/login", None, sign_in)
        if not reply or reply[0] != 200:
            return
        token = reply[2]["data"]["token"]
        self._show(client, dice, token, 200, "the new token", time.monotonic())
        if self._send(client, dice, "POST", "/api/auth/logout", token, None, {}, expected=204) is not None:
            self._show(client, dice, token, 401, "the end of the token", time.monotonic())

    def _show(self, client, dice, token, expected, what, acknowledged):
        for _ in range(6):
            tally, node, began = self.tally, dice.choice(self.nodes()), time.monotonic()
            reply = client.request(node, "GET", "/api/auth/me", token)
            took = time.monotonic() - began
            with tally.lock:
                if reply is None or reply[0] == 503:
                    tally.unanswered += 1
                    continue
                tally.reads += 1
                if reply[0] != expected:
                    tally.stale.append(Stale(tally.fault, node.name, "session", str(reply[0]), what, began - acknowledged, took))

    def _send(self, client, dice, method, path, token, body, headers, expected):
        """The parsed body of an acknowledged write ({} for none); None for one whose outcome is unknown."""
        tally, node, began = self.tally, dice.choice(self.nodes()), time.monotonic()
        pauses = node.pauses
        reply = client.request(node, method, path, token, body, headers)
        waited = time.monotonic() - began
        with tally.lock:
            if reply and reply[0] == expected:
                tally.acknowledged += 1
                if node.pauses == pauses:  # else its own pause is what was waited for
                    tally.waits.append(waited)
                return reply[2] or {}
            is_first_under_way = reply and reply[0] == 409 and reply[2]["error"]["code"] == "in_progress"
            if reply is None or reply[0] == 503 or is_first_under_way:
                tally.unknown += 1
            else:
                tally.errors.append(f"{method} {path} gave {reply[0]}: {reply[2]}")
        self.stopped.wait(0.05)
        return None
