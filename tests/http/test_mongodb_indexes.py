"""Each query that a list or a write makes has an index that finds it and gives its order.

A server that can be had here for tests does not say so by `explain`: one reads whole collections whatever is asked, the
other keeps no index but of unique members. So what is sent is compared with the indexes that are there, by MongoDB's rule:
an index serves a query if its members are some that the query fixes, and then those of its order, all in one direction or
all in the other.
"""
import itertools
from urllib.parse import urlencode

import pytest

from conftest import ON_MONGODB, mongodb, mongodb_port, store_url_through
from mongo_gate import MongoGate

pytestmark = pytest.mark.skipif(not ON_MONGODB, reason="is about MongoDB (make test-mongo)")
# A document or two for each node or Redis.
SMALL = {"reprise_identities", "reprise_leases", "reprise_awaited", "reprise_epochs"}


def fixed(query):
    """The members that the query gives one value each, or a few."""
    return {name for name, value in query.items() if not name.startswith("$")
            and (not isinstance(value, dict) or set(value) <= {"$in", "$eq"})}


def ranged(query):
    return {name for name, value in query.items() if isinstance(value, dict) and set(value) & {"$lt", "$lte", "$gt", "$gte"}}


def asked(command):
    """A command's filter and order; of a list that the server joins, those of its first stages."""
    if "pipeline" not in command:
        return command.get("filter", command.get("query", {})), dict(command.get("sort", {}))
    stages = {name: what for stage in command["pipeline"] for name, what in stage.items()}
    return stages["$match"], dict(stages.get("$sort", {}))


def is_served(query, order, indexes):
    wanted = [(name, direction) for name, direction in order.items()]
    if "_id" in fixed(query):
        return True
    for key in indexes:
        members = list(key.items())
        at = 0
        while at < len(members) and members[at][0] in fixed(query):
            at += 1
        rest = members[at:at + len(wanted)]
        if at == 0 and fixed(query):
            continue  # a walk through all in their order, when it could be through some
        if not wanted:
            if at > 0 or (rest or members)[0][0] in ranged(query):
                return True
        elif rest in (wanted, [(name, -direction) for name, direction in wanted]):
            return True
    return False


def test_what_lists_and_writes_ask_for_is_in_an_index(start, redis_server, tmp_path):
    gate = MongoGate(mongodb_port(tmp_path))
    server = start(REDIS_URL=redis_server.url, STORE_URL=store_url_through(gate.port, tmp_path)).wait_caching()
    teacher, student, admin = server.register("teacher"), server.register("student"), server.sign_in_admin()
    gig = server.make_gig(teacher)
    begin = len(gate.commands)

    def lists(path, token, **values):
        for chosen in itertools.product(*([(name, value) for value in values[name]] for name in values)):
            query = urlencode({name: value for name, value in chosen if value})
            assert server.get(f"{path}?{query}", token).status_code == 200, query

    lists("/api/gigs", None, sort=["newest", "oldest", "price", "-price"], subject=["", "Mathematics"], teacherId=["", teacher["id"]])
    for user in student, teacher:
        lists("/api/bookings", user["token"], sort=["newest", "oldest", "scheduledAt", "-scheduledAt"], status=["", "pending"])
    lists("/api/reviews", None, sort=["newest", "oldest", "rating", "-rating"], gigId=[gig["id"]])
    lists("/api/reviews", None, sort=["newest", "rating"], teacherId=[teacher["id"]])
    lists("/api/manual-payments", student["token"], status=["", "pending"])
    lists("/api/manual-payments", admin["token"], status=["", "pending"])
    booked = server.book(student, gig, "2031-01-01T10:00:00Z")
    assert booked.status_code == 201, booked.text
    path = f"/api/bookings/{booked.json()['data']['id']}"
    assert server.put(path + "/status", teacher["token"], json={"status": "accepted"}).status_code == 200
    assert server.put("/api/users/me", teacher["token"], json={"name": "Another"}).status_code == 200
    gate.close()

    with mongodb(tmp_path) as database:
        indexes = {name: [dict(each["key"]) for each in database[name].list_indexes()] for name in database.list_collection_names()}
    lacking, seen = [], set()
    for command in gate.commands[begin:]:
        name = next(iter(command))
        if name not in ("find", "count", "distinct", "aggregate") or command[name] in SMALL:
            continue
        query, order = asked(command)
        seen.add((command[name], *sorted(fixed(query)), *order))
        if not is_served(query, order, indexes.get(command[name], [])):
            lacking.append((name, command[name], query, order))
    assert len(seen) > 25, f"only {len(seen)} kinds of queries were seen: the test tests nothing"
    assert not lacking, lacking
