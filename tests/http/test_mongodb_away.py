"""A MongoDB that is away, and one whose answers are lost after it did what it was told."""
import pathlib
import random
import sys
import threading
import time

import pytest

from conftest import ON_MONGODB, mongodb, mongodb_port, store_url_through, until

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "chaos"))
from gate import Gate  # noqa: E402

pytestmark = pytest.mark.skipif(not ON_MONGODB, reason="is about MongoDB (make test-mongo)")
DAYS = (f"20{year}-0{month}-1{day}T10:00:00Z" for year in range(30, 60) for month in range(1, 9) for day in range(9))


@pytest.fixture
def gate(tmp_path):
    """Between the server and its database."""
    between = Gate(mongodb_port(tmp_path))
    yield between
    between.close()


def test_database_that_is_away_is_503_until_it_is_back(start, redis_server, gate, tmp_path):
    server = start(REDIS_URL=redis_server.url, STORE_URL=store_url_through(gate.port, tmp_path)).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    with gate.closed():
        replies = [server.book(student, gig, next(DAYS)), server.get(f"/api/gigs/{gig['id']}?fresh=1", student["token"])]
        assert replies[0].status_code == 503 and int(replies[0].headers["Retry-After"]) >= 1, replies[0].text
        assert replies[0].json()["error"]["code"] == "store_unavailable"
        assert server.get("/ready").status_code == 503
    until(lambda: server.get("/ready").status_code == 200, "the database to be noticed again")
    assert server.book(student, gig, next(DAYS)).status_code == 201
    assert server.get("/api/bookings", student["token"]).json()["total"] == 1


def test_write_whose_answer_is_lost_happens_once_and_whole(start, redis_server, gate, tmp_path):
    """While a booking is made for the first time, replies of the database are cut at random; then it is repeated under its key
    until it is told of, undisturbed."""
    chance = random.Random(7)
    writer = start(REDIS_URL=redis_server.url, STORE_URL=store_url_through(gate.port, tmp_path)).wait_caching()
    reader = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student = reader.register("teacher"), reader.register("student")
    gig = reader.make_gig(teacher)

    def cut():
        for _ in range(chance.randint(1, 4)):
            time.sleep(chance.uniform(0, 0.03))
            gate.cut_in_next_reply()

    told = 0
    for i in range(25):
        body = {"gigId": gig["id"], "scheduledAt": next(DAYS)}

        def send():
            return writer.post("/api/bookings", student["token"], json=body, headers={"Idempotency-Key": f"k{i}"})

        cutter = threading.Thread(target=cut)
        cutter.start()
        reply = send()
        cutter.join()
        if reply.status_code != 201:
            assert reply.status_code == 503, reply.text
            until(lambda: send().status_code == 201, "the write to be told of")
        told += 1
        # What was told of shows, also through a node that had no trouble.
        assert reader.get("/api/bookings", student["token"]).json()["total"] == told
    assert gate.replies_cut > 10, "hardly an answer was lost: the test tests nothing"
    until(lambda: reader.post("/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": next(DAYS)}).status_code == 201,
          "the locks of writes that were given up")
    with mongodb(tmp_path) as database:
        assert database.bookings.count_documents({}) == told + 1
        assert database.reprise_intents.count_documents({"state": "committed"}) == 0
