"""tools/bench savings: how many origin reads a cache saves, and how many reads are stale meanwhile, for several TTLs.

Users by Zipf's law, one request in twenty a write (a booking made), the rest reads of one's own list; the same requests in
the same order for each candidate, from one seed. Real servers: bookings-server, and the recipe on Express. Both have an
origin that takes ORIGIN_MS for a read or write. What counts as an origin read is what the servers count themselves.

A read is stale where it shows fewer bookings than were acknowledged to anybody before it was sent.

A TTL matters only beside how often a user asks. Requests come at RATE a second from USERS users: TTLs of some seconds here
are what minutes are to users who ask once in minutes.
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass

from bench.http.candidates import Unavailable, start_recipe
from bench.support import machine, page, results, svg
from bench.support.processes import SECRET, Stage, bearer
from bench.support.progress import Progress

USERS, SKEW, WRITES = 200, 1.0, 0.05
RATE, CLIENTS = 200, 24
ORIGIN_MS = 20
SEED = 2026
EMPTY_LIST = '{"success":true,"data":[],"total":0}'  # what the recipe's database holds at first


def requests_of(seed, count, users=USERS):
    """[(user, is it a write)], the same for the same seed."""
    chance = random.Random(seed)
    weights = [1 / rank ** SKEW for rank in range(1, users + 1)]
    who = chance.choices(range(users), weights, k=count)
    return [(user, chance.random() < WRITES) for user in who]


def least_misses(asked, ttl, rate):
    """How many of the reads an ideal cache would send to the origin that held every list at the start: a user's first one
    after a write, and those where the last origin read is a TTL ago."""
    filled, misses = {user: 0 for user, _ in asked}, 0
    for number, (user, is_write) in enumerate(asked):
        at = number / rate
        if is_write:
            filled.pop(user, None)
        elif user not in filled or at - filled[user] >= ttl:
            filled[user], misses = at, misses + 1
    return misses


@dataclass
class Subject:
    """A server under test: each user's token, what a booking is made of, and how often its origin was read."""
    url: str
    tokens: list
    booking: dict
    origin_reads: object


def host_of(subject):
    return subject.url.removeprefix("http://")


def add_accounts(stage):
    """A store with the users and something to book; returns ({"STORE_URL"}, the users' tokens, a booking)."""
    store = {"STORE_URL": f"sqlite:{stage.folder}/bench.db"}
    server = stage.bookings("set-up", **store)
    teacher = server.register("teacher", "The Teacher")
    gig = server.made("/api/gigs", teacher["token"], {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": "x"})
    tokens = [server.register("student", f"Student {n}")["token"] for n in range(USERS)]
    server.process.stop()
    return store, tokens, {"gigId": gig["id"], "scheduledAt": "2030-01-15T10:00:00Z"}


def start_ours(stage, ttl, accounts):
    store, tokens, booking = accounts
    server = stage.bookings(f"ours-{ttl}", REDIS_URL=stage.redis(f"ours-{ttl}-redis").url, CACHE_TTL=ttl, STORE_DELAY_MS=ORIGIN_MS, **store)
    return server.process, Subject(server.url, tokens, booking,
                                   lambda: int(server.metric('bookings_store_operations_total{operation="list_bookings"}')))


def start_theirs(stage, ttl, _):
    found = start_recipe(stage, f"recipe-{ttl}", "express", stage.redis(f"recipe-{ttl}-redis"), EMPTY_LIST, CACHE_TTL=ttl,
                         ORIGIN_DELAY_MS=ORIGIN_MS)
    return found.process, Subject(found.url, [token_for(f"{n:024x}") for n in range(USERS)], {}, found.origin_reads)


def token_for(user):
    """A token as bookings-server issues them; the recipe looks at no more of it."""
    encode = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()  # noqa: E731
    signed = encode(b'{"alg":"HS256","typ":"JWT"}') + "." + encode(json.dumps(
        {"sub": user, "role": "student", "exp": int(time.time()) + 86400}).encode())
    return signed + "." + encode(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest())


def read_each_list(subject):
    """Fills the cache; returns how many bookings each user has."""
    connection, totals = http.client.HTTPConnection(host_of(subject), timeout=30), []
    for token in subject.tokens:
        connection.request("GET", "/api/bookings", headers=bearer(token))
        totals.append(json.loads(connection.getresponse().read())["total"])
    return totals


def play(subject, asked, rate):
    """Sends the requests at their times, from CLIENTS threads; returns {"reads", "writes", "hits", "stale", "origin"}."""
    acknowledged = read_each_list(subject)  # how many bookings whoever reads now must see
    counts = {"reads": 0, "writes": 0, "hits": 0, "stale": 0}
    lock, queue, failures = threading.Lock(), iter(enumerate(asked)), []
    origin = subject.origin_reads()
    begun = time.monotonic() + 0.2

    def client():
        connection = http.client.HTTPConnection(host_of(subject), timeout=30)
        while not failures:
            with lock:
                number, (user, is_write) = next(queue, (None, (None, None)))
            if number is None:
                return
            time.sleep(max(0, begun + number / rate - time.monotonic()))
            headers = {**bearer(subject.tokens[user]), "Content-Type": "application/json"}
            with lock:
                known = acknowledged[user]
            if is_write:
                connection.request("POST", "/api/bookings", json.dumps(subject.booking), headers)
            else:
                connection.request("GET", "/api/bookings", headers=headers)
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != (201 if is_write else 200):
                failures.append(f"status {reply.status}: {body[:200]}")
                return
            with lock:
                if is_write:
                    acknowledged[user] += 1
                    counts["writes"] += 1
                else:
                    counts["reads"] += 1
                    counts["hits"] += reply.headers["X-Cache"] == "HIT"
                    counts["stale"] += json.loads(body)["total"] < known

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failures:
        raise SystemExit(f"not counted: {failures[0]}")
    took = time.monotonic() - begun
    if took > 1.1 * len(asked) / rate:
        raise SystemExit(f"not counted: the requests took {took:.0f} s instead of {len(asked) / rate:.0f} s; the machine is too busy")
    return {**counts, "origin": subject.origin_reads() - origin}


def run(ttls, seconds):
    asked = requests_of(SEED, seconds * RATE)
    progress, rows = Progress(1 + 2 * len(ttls)), []
    with Stage() as stage:
        progress.say(f"accounts for {USERS} users")
        accounts = add_accounts(stage)
        for ttl in ttls:
            for name, start in (("ours", start_ours), ("recipe", start_theirs)):
                progress.say(f"TTL {ttl} s, {name}")
                process, subject = start(stage, ttl, accounts)
                rows.append({"ttl": ttl, "who": name, **play(subject, asked, RATE), "ideal": least_misses(asked, ttl, RATE)})
                process.stop()
    progress.end()
    return {"machine": machine.describe(), "seconds": seconds, "users": USERS, "skew": SKEW, "writes": WRITES, "rate": RATE, "clients": CLIENTS,
            "origin_ms": ORIGIN_MS, "seed": SEED, "rows": rows}


def lines(found, command):
    titles = {"ours": "ours", "recipe": "the recipe on Express"}
    rows = [[f"{row['ttl']} s", titles[row["who"]], f"{row['hits'] / row['reads'] * 100:.1f} %", f"{(1 - row['origin'] / row['reads']) * 100:.1f} %",
             f"{(1 - row['ideal'] / row['reads']) * 100:.1f} %", f"{row['stale']:,} of {row['reads']:,}"] for row in found["rows"]]
    best = max((row for row in found["rows"] if row["who"] == "ours"), key=lambda row: row["ttl"])
    saved = (1 - best["origin"] / best["reads"]) * 100
    return [
        "## What a cache saves", "",
        *results.told_of(found, command),
        f"{found['users']} users by Zipf's law (exponent {found['skew']}), {found['rate']} requests/s for {found['seconds']} s, {found['writes'] * 100:.0f} % of them "
        f"writes; an origin of {found['origin_ms']} ms; each list was read once before; the same requests for both, from one seed. Origin reads are the servers' own counts. A read is stale where it "
        "shows less than what was acknowledged before it was sent.", "",
        *page.table(["TTL", "", "hits", "origin reads saved", "an ideal cache saves", "stale reads"], rows), "",
        "![Origin reads saved](benchmarks/savings.svg)", "",
        f"The goal was 95 % saved; at the longest TTL it is {saved:.1f} %. Each user writes in proportion to reading, so a read in twenty comes right after a write of "
        "its own user and must ask the origin, whoever caches: an ideal cache, which forgets only at a write and after the TTL, saves what its column says (but for "
        "requests that meet: some tenths of a percent).",
    ]


def main():
    parser = argparse.ArgumentParser(prog="tools/bench savings", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ttls", default="1,5,20,600", help="seconds [1,5,20,600]")
    parser.add_argument("--seconds", type=int, default=60, help="for each TTL and server [60]")
    parser.add_argument("--quick", action="store_true", help="two TTLs of 5 seconds: whether all works")
    parser.add_argument("--no-page", action="store_true", help="print the table, leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    ttls, seconds = ([1, 600], 5) if asked.quick else ([int(ttl) for ttl in asked.ttls.split(",")], asked.seconds)
    try:
        found = {**run(ttls, seconds), "quick": asked.quick}
    except Unavailable as why:
        raise SystemExit(f"savings: {why}") from None
    command = "tools/bench savings --quick" if asked.quick else f"tools/bench savings --ttls {asked.ttls} --seconds {seconds}"
    told = lines(found, command)
    print("\n".join(told))
    print(f"\nraw numbers: {results.keep('savings', found)}")
    if not asked.no_page:
        drawn = {name: [(row["ttl"], (1 - row["origin"] / row["reads"]) * 100) for row in found["rows"] if row["who"] == name] for name in ("ours", "recipe")}
        drawn["ideal"] = [(row["ttl"], (1 - row["ideal"] / row["reads"]) * 100) for row in found["rows"] if row["who"] == "ours"]
        results.publish("savings", command, found, told, {"savings.svg": svg.lines(
            "Origin reads saved", f"TTL, seconds, at {found['rate']} requests/s", "%", drawn, logarithmic_y=False)})


if __name__ == "__main__":
    main()
