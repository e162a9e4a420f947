"""What a MongoDB refuses, and a primary that steps down: at the start, and in the middle of a write."""
import pathlib
import subprocess
import sys

import pytest

from conftest import ON_MONGODB, SERVER, mongodb, mongodb_port, store_url_through
from mongo_gate import BAD_PASSWORD, NO_RIGHT, NOT_PRIMARY, MongoGate

pytestmark = pytest.mark.skipif(not ON_MONGODB, reason="is about MongoDB (make test-mongo)")


@pytest.fixture
def through(tmp_path):
    """Makes gates before the tests' database, and the URL that leads through one."""
    gates = []

    def make(credentials="", **options):
        gates.append(MongoGate(mongodb_port(tmp_path), **options))
        return gates[-1], store_url_through(gates[-1].port, tmp_path, credentials)

    yield make
    for gate in gates:
        gate.close()


def refused_start(folder, url):
    process = subprocess.run([SERVER], cwd=folder, text=True, capture_output=True, timeout=60,
                             env={"PORT": "0", "JWT_SECRET": "s" * 40, "STORE_URL": url})
    return process.returncode, process.stdout + process.stderr


def test_wrong_password_ends_the_start_with_advice_and_without_the_password(through, tmp_path):
    gate, url = through("booker:hunter2@")
    gate.answer("saslStart", BAD_PASSWORD, times=100)
    status, said = refused_start(tmp_path, url)
    assert status == 1 and "check the user, the password and authSource in STORE_URL" in said, said
    assert "hunter2" not in said


def test_user_without_rights_ends_the_start_with_advice(through, tmp_path):
    gate, url = through()
    gate.answer("createIndexes", NO_RIGHT, times=100)
    status, said = refused_start(tmp_path, url)
    assert status == 1 and "readWrite" in said, said


def test_user_who_may_only_read_is_told_to_the_log_and_nothing_is_half_written(start, through, tmp_path):
    gate, url = through()
    server = start(STORE_URL=url)
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    gate.answer("insert", NO_RIGHT, times=1)
    reply = server.book(student, gig, "2031-01-01T10:00:00Z")
    assert reply.status_code == 500 and "not authorized" in server.log(), reply.text
    assert "authorized" not in reply.text
    assert server.get("/api/bookings", student["token"]).json()["total"] == 0
    assert server.book(student, gig, "2031-01-01T10:00:00Z").status_code == 201


# What a booking sends, in its order.
STEPS = [("insert", "reprise_locks"), ("findAndModify", "reprise_counters"), ("insert", "reprise_intents"), ("insert", "bookings"),
         ("insert", "reprise_outbox"), ("update", "reprise_kept_replies"), ("delete", "reprise_intents"), ("delete", "reprise_locks")]


@pytest.mark.parametrize("carried_out", [False, True], ids=["before it is carried out", "after it was"])
@pytest.mark.parametrize("step", STEPS, ids=" ".join)
def test_primary_that_steps_down_in_mid_write(start, redis_server, through, tmp_path, step, carried_out):
    gate, url = through(replica_set="rs0")
    server = start(REDIS_URL=redis_server.url, STORE_URL=url).wait_caching()
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    assert server.get("/api/bookings", student["token"]).json()["total"] == 0
    gate.answer(*step[:1], NOT_PRIMARY, collection=step[1], carried_out=carried_out)

    def send():
        return server.post("/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": "2031-01-01T10:00:00Z"},
                           headers={"Idempotency-Key": "once"})

    reply = send()
    assert gate.answered(), f"a booking does not send {step}"
    assert reply.status_code == 201, reply.text  # the driver, or what is idempotent by itself, tried again
    assert send().json() == reply.json()
    assert server.get("/api/bookings", student["token"]).json()["total"] == 1
    with mongodb(tmp_path) as database:
        assert database.bookings.count_documents({}) == 1
        assert database.reprise_intents.count_documents({}) == 0
        assert database.reprise_locks.count_documents({}) == 0


def test_replica_set_single_writes_can_be_repeated_by_the_driver_and_reads_come_after_a_majority_write(start, through, tmp_path):
    gate, url = through(replica_set="rs0")
    server = start(STORE_URL=url)
    teacher, student = server.register("teacher"), server.register("student")
    assert server.book(student, server.make_gig(teacher), "2031-01-01T10:00:00Z").status_code == 201
    writes = [each for each in gate.commands if next(iter(each)) in ("insert", "update", "delete", "findAndModify")]
    for each in writes:
        is_single = (all(one["limit"] == 1 for one in each.get("deletes", ())) and
                     not any(one.get("multi") for one in each.get("updates", ())))
        assert ("txnNumber" in each) == is_single, each  # MongoDB refuses the number where several documents may be meant
        assert each["writeConcern"]["w"] == "majority", each
    before = len(gate.commands)
    assert server.get(f"/api/bookings", student["token"]).json()["total"] == 1
    names = [(next(iter(each)), each[next(iter(each))]) for each in gate.commands[before:]]
    assert ("update", "reprise_counters") in names, names
    list_of = next(each for each in names if each in (("find", "bookings"), ("aggregate", "bookings")))
    assert names.index(("update", "reprise_counters")) < names.index(list_of), names
    assert all(each["readConcern"]["level"] == "majority" for each in gate.commands[before:] if "find" in each or "aggregate" in each)
