"""The checker itself: what it must find, and that it finds it where the promise is really broken."""
import random
import threading

from checker import SHOWN, missing_of
from cluster import Cluster
from run import Run, tallies


def listed(*rows, total=None):
    return {"total": len(rows) if total is None else total, "data": [{"note": str(n), "status": s} for n, s in rows]}


def test_list_with_all_that_was_acknowledged_is_in_order():
    floor = (2, [(1, 1, 5.0), (2, 0, 6.0)])
    assert missing_of(floor, listed((2, "pending"), (1, "accepted")), 7.0) is None
    assert missing_of(floor, listed((3, "pending"), (2, "accepted"), (1, "completed")), 7.0) is None


def test_list_without_an_acknowledged_booking_is_found():
    assert missing_of((2, [(1, 0, 5.0), (2, 0, 6.0)]), listed((1, "pending")), 7.0) == ("booking 2", 1.0)


def test_unknown_booking_does_not_make_up_for_a_missing_one():
    assert missing_of((2, [(1, 0, 5.0), (2, 0, 6.0)]), listed((3, "pending"), (1, "pending")), 7.0) == ("booking 2", 1.0)


def test_status_behind_the_acknowledged_one_is_found():
    assert missing_of((1, [(1, 2, 5.0)]), listed((1, "accepted")), 6.0) == ("booking 1 as completed", 1.0)


def test_total_below_the_acknowledged_count_is_found():
    assert missing_of((3, [(3, 0, 5.0)]), listed((3, "pending"), total=2), 6.0) == ("1 of 3 bookings", 1.0)


def test_booking_pushed_off_a_full_page_is_not_missed():
    rows = [(n, "pending") for n in range(2, SHOWN + 2)]
    assert missing_of((1, [(1, 0, 5.0)]), listed(*rows), 6.0) is None


def test_broken_promise_is_found(tmp_path):
    """Behind the servers' back, old generations and entries are put back: what no Redis does by itself."""
    cluster = Cluster(tmp_path, nodes=2)

    def put_back(cluster, dice):
        client = cluster.master.client
        ended = threading.Event()
        for _ in range(200):
            keys = [key for key in client.scan_iter("bookings:*") if not key.endswith((":keys", ":fill"))]
            held = {key: value for key, value in zip(keys, client.mget(keys)) if value} if keys else {}
            ended.wait(0.05)
            if held:
                client.mset(held)
            if cluster.load.tally.stale:
                return

    try:
        tally = Run(cluster).under("old entries put back by hand", "broken", put_back, random.Random(1))
    finally:
        cluster.stop()
    tallies.remove(tally)  # the report is about servers whose promise nobody breaks
    assert tally.stale and not tally.errors
