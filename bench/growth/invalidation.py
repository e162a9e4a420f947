"""What invalidating one user takes, as Redis holds more keys: ours, and the recipe's SCAN over the keyspace."""
import sys
import time

import requests

from bench.http.candidates import start_recipe
from bench.http.savings import EMPTY_LIST, token_for
from bench.support import machine, page, svg
from bench.support.numbers import duration, percentile
from bench.support.processes import Stage, bearer

TITLE = "Invalidating one user"
BYTES_A_KEY = 160  # a small key in Redis with its value, measured generously
SCANS_BELOW = 10   # seconds: beyond, the recipe is measured once and not again


def steps(quick):
    return [1_000, 10_000] if quick else [1_000, 10_000, 100_000, 1_000_000, 10_000_000]


def run(quick, say):
    rows = []
    with Stage() as stage:
        store = stage.redis()
        server = stage.bookings(REDIS_URL=store.url)
        teacher, student = server.register("teacher", "The Teacher"), server.register("student", "The Student")
        gig = server.made("/api/gigs", teacher["token"], {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": "x"})
        admin = server.sign_in_admin()
        theirs, their_token = start_recipe(stage, "recipe", "express", store, EMPTY_LIST).url, token_for("f" * 24)
        session = requests.Session()

        def fill(url, token):
            for status in ("pending", "accepted", "completed", "cancelled"):
                session.get(f"{url}/api/bookings?status={status}", headers=bearer(token), timeout=30)

        def write(url, token, body):
            """One write's time, its user having four entries: by POST, from request to reply."""
            fill(url, token)
            began = time.perf_counter()
            reply = session.post(f"{url}/api/bookings", headers=bearer(token), json=body, timeout=600)
            took = time.perf_counter() - began
            if reply.status_code != 201:
                raise SystemExit(f"a write failed: {reply.status_code} {reply.text[:200]}")
            return took

        def purge():
            fill(server.url, student["token"])
            began = time.perf_counter()
            reply = session.post(f"{server.url}/api/cache/invalidate", headers=bearer(admin), timeout=60,
                                 json={"prefix": "bookings", "userId": student["id"]})
            if reply.status_code != 200:
                raise SystemExit(f"a purge failed: {reply.status_code} {reply.text[:200]}")
            return time.perf_counter() - began

        for keys in steps(quick):
            if machine.free_bytes() < 2 * keys * BYTES_A_KEY + 2 ** 30:
                print(f"invalidation: {keys:,} keys are left out, they do not fit this machine's memory", file=sys.stderr)
                break
            say(f"{keys:,} keys")
            store.client.execute_command("DEBUG", "POPULATE", keys, "other:user", 64)
            # Redis answers nobody meanwhile, so the server has given the cache up and comes back to it.
            server.process.wait_for(lambda: server.metric("reprise_trusted") == 1, "the cache to be in use again")
            generation = f"bookings:user:{student['id']}:gen"

            def unlink():
                store.client.set(generation, "x" * 40)
                began = time.perf_counter()
                store.client.unlink(generation)
                return time.perf_counter() - began

            alone = [unlink() for _ in range(300)]
            ours = [write(server.url, student["token"], {"gigId": gig["id"], "scheduledAt": "2030-01-15T10:00:00Z"}) for _ in range(100)]
            purges = [purge() for _ in range(100)]
            recipe_times = [write(theirs, their_token, {})]
            while recipe_times[0] < SCANS_BELOW and len(recipe_times) < (30 if recipe_times[0] < 0.3 else 3):
                recipe_times.append(write(theirs, their_token, {}))
            rows.append({"keys": store.client.dbsize(), "asked": keys,
                         **{name: {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "times": len(times)}
                            for name, times in (("unlink", alone), ("write", ours), ("purge", purges), ("recipe", recipe_times))}})
    return {"rows": rows}


def times(count):
    return "once" if count == 1 else f"median of {count}"


def lines(found):
    rows = found["rows"]
    told = page.table(
        ["keys in Redis", "ours: the command (`UNLINK` of the generation)", "ours: a whole write, with its commit to SQLite", "ours: an admin's purge of one user",
         "the recipe: a whole write, with its `SCAN` and `DEL`"],
        [[f"{row['asked']:,}", *(f"{duration(row[name]['p50'])} (p99 {duration(row[name]['p99'])})" for name in ("unlink", "write", "purge")),
          f"{duration(row['recipe']['p50'])} ({times(row['recipe']['times'])})"] for row in rows])
    flat = rows[-1]["unlink"]["p50"] / rows[0]["unlink"]["p50"]
    worst = max(row["unlink"]["p50"] for row in rows)
    return [*told, "", "![Invalidating one user](benchmarks/growth_invalidation.svg)", "",
            f"The goal was below 1 ms and flat from 1,000 to 10 million keys: the command takes {duration(worst)} at most in the median, and {flat:.2f} times as long at "
            f"{rows[-1]['asked']:,} keys as at {rows[0]['asked']:,}. It removes one key, whose name is known; how many others there are does not enter. What else a write "
            "takes is the commit, its outbox row, and HTTP. The recipe walks the whole keyspace, a hundred keys a round trip. The keys beside are small "
            "(`DEBUG POPULATE`, 64 bytes); the user has four entries. Times are one client's, the command's seen from Python."]


def plots(found):
    names = {"unlink": "ours, the command", "write": "ours, a whole write", "recipe": "the recipe, a whole write"}
    return {"growth_invalidation.svg": svg.lines("Invalidating one user: median, ms", "keys in Redis", "ms", {
        title: [(row["asked"], row[name]["p50"] * 1e3) for row in found["rows"]] for name, title in names.items()})}
