"""API_STYLE=express: the front end of an Express app finds what it looks for, and caches of both styles stay apart."""
import json
import pathlib
import subprocess

FRONT_END = pathlib.Path(__file__).parent.parent / "express" / "front_end.mjs"


def test_front_end_of_an_express_app_works(start, redis_server):
    server = start(REDIS_URL=redis_server.url, API_STYLE="express").wait_caching()
    done = subprocess.run(["node", FRONT_END, server.url], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    page = json.loads(done.stdout)
    created = page.pop("createdAt")
    assert created.startswith("20") and created.endswith("Z")
    problems = page.pop("problems")
    assert page == {"sameUser": True, "rows": ["Algebra (Mathematics) with Ayesha: accepted, 800"], "count": 1, "cached": True,
                    "sameRows": True, "ids": [True, True, False], "review": [True, ["Rahim: 5, Very clear"]]}
    field = problems.pop("field")
    assert field == {"message": "gigId must be an id of 24 hex digits", "status": 400,
                     "errors": {"gigId": {"message": "must be an id of 24 hex digits"}}}
    assert {name: (its["status"], its["message"]) for name, its in problems.items()} == {
        "password": (401, "Email or password is wrong"),
        "missing": (404, "There is no such thing"),
        "guest": (401, "Sign in first: the token is missing, wrong or expired"),
        "path": (404, "There is no such thing"),
        "reviewed": (409, "This booking has been reviewed already")}


def test_nodes_of_two_styles_share_a_redis_and_no_entry(start, redis_server):
    plain = start(REDIS_URL=redis_server.url).wait_caching()
    express = start(REDIS_URL=redis_server.url, API_STYLE="express").wait_caching()
    teacher, student = plain.register("teacher"), plain.register("student")
    gig = plain.make_gig(teacher)

    def ids(server):
        reply = server.get("/api/gigs", params={"teacherId": teacher["id"]})
        return [(sorted(row)[0], row.get("id") or row["_id"]) for row in reply.json()["data"]]

    for _ in range(3):
        assert ids(plain) == [("createdAt", gig["id"])]
        assert ids(express) == [("_id", gig["id"])]
    # A write through either is seen through both.
    made = plain.make_gig(teacher, title="Geometry")
    assert {one for _, one in ids(express)} == {one for _, one in ids(plain)} == {gig["id"], made["id"]}
    booked = express.post("/api/bookings", student["token"], json={"gig": gig["id"], "scheduledAt": "2030-01-15T10:00:00Z"})
    assert booked.status_code == 201, booked.text
    assert plain.get("/api/bookings", student["token"]).json()["data"][0]["id"] == booked.json()["data"]["_id"]


def test_repeated_request_is_answered_as_the_first(start, redis_server):
    server = start(REDIS_URL=redis_server.url, API_STYLE="express").wait_caching()
    reply = server.post("/api/auth/register", json={"email": "t@example.com", "password": "long enough", "name": "T", "role": "teacher"})
    token = reply.json()["token"]
    gig = {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": ""}
    first, second = (server.post("/api/gigs", token, json=gig, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json() and "_id" in first.json()["data"]
