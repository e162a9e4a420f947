"""A user who never rests: many fills of ever other queries, through many TTLs. What the scope holds in Redis must not grow."""
import time

from bench.support import page, svg
from bench.support.processes import Stage

TITLE = "An active scope over many TTLs"
TTL = 1            # second: so a day of ten-minute TTLs is 144 seconds
FILLS_A_SECOND = 20


def run(quick, say):
    seconds, rows, asked = (5 if quick else 150), [], 0
    with Stage() as stage:
        store = stage.redis()
        server = stage.bookings(REDIS_URL=store.url, CACHE_TTL=TTL)
        student = server.register("student", "The Student")
        scope = f"bookings:user:{student['id']}"
        say(f"{seconds} TTLs")
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < seconds:
            asked += 1
            # Each a page that nobody has asked for yet: an entry of its own. (On a busy machine some may be bypassed.)
            reply = server.get(f"/api/bookings?page={asked}", student["token"])
            if reply.headers["X-Cache"] == "HIT":
                raise SystemExit("a page that nobody asked for was there")
            if asked % FILLS_A_SECOND == 0:
                live = sum(1 for _ in store.client.scan_iter(scope + ":role:*", count=1000))
                rows.append({"ttls": now / TTL, "fills": asked, "index": store.client.zcard(scope + ":keys"), "live": live,
                             "memory": store.client.memory_usage(scope + ":keys", samples=0) or 0})
            time.sleep(max(0, begun + asked / FILLS_A_SECOND - time.monotonic()))
        stored = int(server.metric('reprise_fills_total{prefix="bookings",result="stored"}'))
        time.sleep(TTL * 3)
        left = sum(1 for _ in store.client.scan_iter(scope + ":role:*", count=1000))
    return {"rows": rows, "fills": asked, "stored": stored, "left": left, "ttl": TTL}


def lines(found):
    rows, half = found["rows"], len(found["rows"]) // 2
    told = [["the first half", rows[:half]], ["the second half", rows[half:]]]
    table = page.table(["", "fills so far", "most members of the index", "most live entries", "most memory of the index, bytes"],
                       [[name, f"{part[-1]['fills']:,}", str(max(r["index"] for r in part)), str(max(r["live"] for r in part)), f"{max(r['memory'] for r in part):,}"]
                        for name, part in told if part])
    return [*table, "", "![Members of the index](benchmarks/growth_active_scope.svg)", "",
            f"One user, {found['fills']:,} fills ({found['stored']:,} stored), each of a query that was never asked before, through {rows[-1]['ttls']:.0f} TTLs of {found['ttl']} s: as many as "
            f"{rows[-1]['ttls'] * 600 / 86400:.1f} days have at the default of 600 s. The index follows what is live and not what has been: each commit takes expired members out. "
            f"Three TTLs after the last fill {found['left']} entries were left."]


def plots(found):
    return {"growth_active_scope.svg": svg.lines("One scope: members of its index, and fills so far", "TTLs", "", {
        "index": [(row["ttls"], row["index"]) for row in found["rows"]],
        "fills so far": [(row["ttls"], row["fills"]) for row in found["rows"]]}, logarithmic_x=False)}
