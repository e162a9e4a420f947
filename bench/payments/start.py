"""make bench-payments: how long a payment's start takes while the gateway takes 2 to 5 s for its part: ours, which writes it down
and answers, beside the same call made inside the request. The gateway is an emulator.
"""
import asyncio
import os
import statistics
import sys

import requests

from bench.payments.client import start_payments
from bench.support import machine, page, program
from bench.support.numbers import percentile, short, spread
from bench.support.processes import SECRET, Stage, free_port

TITLE = "Starting a payment"
GOAL = 0.010  # seconds, the 99th percentile
DELAY = [2, 5]  # seconds that the gateway takes to open a session
BOOKINGS = 100  # of one student and teacher
EMULATOR = os.path.join(machine.ROOT, "tests/support/sslcommerz_emulator.py")
PEER = os.path.join(machine.ROOT, "bench/peers/express")
CUSTOMER = {"phone": "01711000000", "address": "Road 1", "city": "Dhaka", "postcode": "1205", "country": "Bangladesh"}
NAMES = {"ours": "ours: written down, answered, called by a job", "peer": "called inside the request (Express 4)"}


class Gateway:
    def __init__(self, stage):
        process = stage.start("gateway", machine.REDIS_CORE, [sys.executable, "-u", EMULATOR])

        def address():
            with open(process.log_path) as log:
                return log.readline().strip()

        self.url = process.wait_for(address, "the emulated gateway")
        self.http = requests.Session()
        self.http.trust_env = False
        self.begin()

    def environment(self, port):
        return {"SSLCOMMERZ_BASE_URL": self.url, "SSLCOMMERZ_STORE_ID": "testbox", "SSLCOMMERZ_STORE_PASSWORD": "qwerty",
                "PUBLIC_URL": f"http://127.0.0.1:{port}"}

    def begin(self):
        """Forgets what was."""
        self.http.post(f"{self.url}/emulator/reset", json={}).raise_for_status()
        self.http.post(f"{self.url}/emulator/settings", json={"session_delay": DELAY}).raise_for_status()

    def times(self):
        """{transaction id: how long it made the call wait}, of the sessions since begin()."""
        log = self.http.get(f"{self.url}/emulator/log").json()
        return {each["fields"]["tran_id"]: each["took"] for each in log if each["operation"] == "session"}


def prepare(server, count, say):
    """[(token, body)]: starts of payments, each for a booking of its own."""
    orders = []
    for at in range(count):
        if at % BOOKINGS == 0:
            say(f"preparing bookings: {at} of {count}")
            teacher, student = (server.register(role, f"{role} {at}") for role in ("teacher", "student"))
            gig = server.made("/api/gigs", teacher["token"], {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": "x"})
        when = f"2030-01-{1 + at % BOOKINGS // 24:02}T{at % 24:02}:00:00Z"
        booking = server.made("/api/bookings", student["token"], {"gigId": gig["id"], "scheduledAt": when})
        reply = server.http.put(f"{server.url}/api/bookings/{booking['id']}/status", json={"status": "accepted"},
                                headers={"Authorization": f"Bearer {teacher['token']}"})
        reply.raise_for_status()
        orders.append((student["token"], {"bookingId": booking["id"], "customer": CUSTOMER}))
    return orders


class Candidate:
    def __init__(self, name, port, pid):
        self.name, self.port, self.pid = name, port, pid
        self.rounds = {key: [] for key in ("start_p50", "start_p99", "start_most", "page_p50", "page_p99", "own_p50", "own_p99", "cpu_ms", "late_p99")}

    def measure(self, gateway, orders, rate):
        gateway.begin()
        cpu = machine.cpu_seconds(self.pid)
        done = asyncio.run(start_payments(self.port, orders, rate))
        cpu = machine.cpu_seconds(self.pid) - cpu
        took = gateway.times()
        if len(took) != len(orders):
            raise program.Wrong(f"{self.name}: {len(took)} sessions at the gateway for {len(orders)} payments")
        # Ours has the number of the attempt behind the payment's id.
        own = [each["page"] - took.get(each["id"], took.get(each["id"] + "-1")) for each in done]
        for key, values in (("start", [each["start"] for each in done]), ("page", [each["page"] for each in done]), ("own", own)):
            self.rounds[f"{key}_p50"].append(percentile(values, 0.5))
            self.rounds[f"{key}_p99"].append(percentile(values, 0.99))
        self.rounds["start_most"].append(max(each["start"] for each in done))
        self.rounds["late_p99"].append(percentile([each["late"] for each in done], 0.99))
        self.rounds["cpu_ms"].append(cpu / len(orders) * 1e3)


def run(rounds, payments, rate, say):
    with Stage() as stage:
        gateway, redis, port = Gateway(stage), stage.redis(), free_port()
        server = stage.bookings(REDIS_URL=redis.url, **gateway.environment(1))
        peer = stage.start("peer", machine.SERVER_CORE, ["node", f"{PEER}/payments.js"], {"PORT": str(port), "JWT_SECRET": SECRET, **gateway.environment(port)})
        peer.wait_for(lambda: requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok, "the peer to listen")
        candidates = [Candidate("ours", server.port, server.pid), Candidate("peer", port, peer.pid)]
        orders = prepare(server, rounds * payments, say)
        os.sched_setaffinity(0, {machine.LOAD_CORE})
        for number in range(rounds):
            for each in candidates if number % 2 == 0 else reversed(candidates):
                say(f"round {number + 1} of {rounds}: {each.name}")
                each.measure(gateway, orders[number * payments:(number + 1) * payments], rate)
        os.sched_setaffinity(0, set(machine.CORES))
        return {"rounds": rounds, "payments": payments, "rate": rate, "delay": DELAY, "goal": GOAL, "candidates": {each.name: each.rounds for each in candidates}}


def milliseconds(values):
    return spread([value * 1e3 for value in values])


def seconds(values):
    return spread(values)


def lines(found):
    ours, peer = found["candidates"]["ours"], found["candidates"]["peer"]
    reached = statistics.median(ours["start_p99"]) < GOAL
    told = [] if found["is_release"] else ["**The server was the build that `BOOKINGS_SERVER` names, and not the release build.**", ""]
    told += page.table(["", "goal", "measured", "reached"], [
        ["start of a payment, p99, ms", f"below {GOAL * 1e3:.0f}", milliseconds(ours["start_p99"]), "yes" if reached else "**no**"],
        ["the same, inside the request / ours", "–", spread([b / a for a, b in zip(ours["start_p99"], peer["start_p99"])]), "–"]])
    told += ["", *page.table(
        ["", "the start is answered: p50, ms", "p99, ms", "longest, ms", "the page is there: p50, s", "p99, s", "of that not the gateway's: p50, ms", "p99, ms", "server CPU for a payment, ms"],
        [[NAMES[name], milliseconds(of["start_p50"]), milliseconds(of["start_p99"]), milliseconds(of["start_most"]), seconds(of["page_p50"]),
          seconds(of["page_p99"]), milliseconds(of["own_p50"]), milliseconds(of["own_p99"]), spread(of["cpu_ms"])] for name, of in found["candidates"].items()])]
    late = max(ours["late_p99"] + peer["late_p99"])
    return [*told, "",
            f"{found['payments']} payments a round, each for a booking of its own, {found['rate']} a second whatever the replies do; the emulated gateway takes {DELAY[0]} to {DELAY[1]} s to open a "
            f"session. {found['rounds']} rounds, both in turn; the median of the rounds, with the least and the most. Times count from when a request was due; the client sent 99 % of them at "
            f"most {short(late * 1e3)} ms late, which is in them. The server has a core for itself; client, emulator and Redis share the rest. Ours writes the payment to a SQLite file and tells "
            "Redis that two lists have changed before it answers; its page is waited for with `GET /api/payments/:id?wait=20`, as a front end would. The other keeps its payments in memory, and "
            "asks nobody but the gateway."]


if __name__ == "__main__":
    program.main("payments", __doc__, TITLE, run, lines,
                 {"rounds": (int, 3, None), "payments": (int, 500, "in each round"), "rate": (float, 20, "a second")},
                 quick={"rounds": 1, "payments": 60, "rate": 20})
