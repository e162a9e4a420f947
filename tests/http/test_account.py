"""The account as a whole: its export, and its end, which every list that showed the name shows at once."""
import threading

import pytest

from test_refusals import error


def delete(server, user, password="long enough"):
    return server.request("DELETE", "/api/users/me", user["token"], json={"password": password})


def login(server, user):
    return server.post("/api/auth/login", json={"email": user["email"], "password": "long enough"})


def move(server, who, booking, status):
    reply = server.put(f"/api/bookings/{booking['id']}/status", who["token"], json={"status": status})
    assert reply.status_code == 200, reply.text


def lesson(server, teacher, student, gig, at, *states):
    booking = server.book(student, gig, at, note="Please bring a pen").json()["data"]
    for state in states:
        move(server, teacher, booking, state)
    return booking


def world(server):
    """A teacher and a student with something of everything between them, and nothing accepted to come."""
    teacher, student = server.register("teacher", "Ayesha Rahman"), server.register("student", "Rahim Uddin")
    gig, withdrawn = server.make_gig(teacher), server.make_gig(teacher, title="Withdrawn")
    assert server.request("DELETE", f"/api/gigs/{withdrawn['id']}", teacher["token"]).status_code < 300
    done = lesson(server, teacher, student, gig, "2030-01-15T10:00:00Z", "accepted", "completed")
    pending = lesson(server, teacher, student, gig, "2030-01-16T10:00:00Z")
    body = {"bookingId": done["id"], "rating": 5, "comment": "Clear and kind"}
    assert server.post("/api/reviews", student["token"], json=body).status_code == 201
    return teacher, student, gig, done, pending


def test_export_holds_everything_of_the_account_and_nothing_of_others(server):
    teacher, student, gig, done, pending = world(server)
    accepted = lesson(server, teacher, student, gig, "2030-01-17T10:00:00Z", "accepted")
    body = {"bookingId": accepted["id"], "method": "bkash", "transactionId": "8N7A6D5C4B", "amount": accepted["price"]}
    assert server.post("/api/manual-payments", student["token"], json=body).status_code == 201
    assert server.put("/api/users/me", student["token"], json={"phone": "+880 1", "bio": "I learn"}).status_code == 200
    stranger = server.register("student", "A Stranger")
    assert server.book(stranger, gig, "2030-02-01T10:00:00Z").status_code == 201

    reply = server.get("/api/users/me/export", student["token"])
    assert reply.status_code == 200 and "X-Cache" not in reply.headers and reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="account-{student["id"]}.json"'
    mine = reply.json()["data"]
    assert set(mine) == {"exportedAt", "profile", "bookings", "gigs", "reviews", "manualPayments", "payments"}
    assert (mine["profile"]["email"], mine["profile"]["phone"], mine["profile"]["bio"]) == (student["email"], "+880 1", "I learn")
    assert [row["id"] for row in mine["bookings"]] == [done["id"], pending["id"], accepted["id"]]
    assert mine["bookings"][0]["note"] == "Please bring a pen" and mine["gigs"] == []
    assert [row["comment"] for row in mine["reviews"]["written"]] == ["Clear and kind"] and not mine["reviews"]["received"]
    assert [row["transactionId"] for row in mine["manualPayments"]] == ["8N7A6D5C4B"]
    assert "A Stranger" not in reply.text and "argon2" not in reply.text and teacher["email"] not in reply.text

    theirs = server.get("/api/users/me/export", teacher["token"]).json()["data"]
    assert [row["title"] for row in theirs["gigs"]] == ["Algebra", "Withdrawn"]
    assert len(theirs["bookings"]) == 4 and len(theirs["reviews"]["received"]) == 1 and not theirs["manualPayments"]
    error(server.get("/api/users/me/export"), 401, "unauthorized")


@pytest.mark.parametrize("leaver", ["student", "teacher"])
def test_deleted_account_is_gone_everywhere_at_once(server, start, redis_server, leaver):
    other_node = start(REDIS_URL=redis_server.url).wait_caching()
    teacher, student, gig, done, pending = world(server)
    who, other = (student, teacher) if leaver == "student" else (teacher, student)
    name = "Rahim Uddin" if leaver == "student" else "Ayesha Rahman"
    assert server.put("/api/users/me", who["token"], json={"bio": "A bio", "city": "Dhaka", "phone": "+880 1"}).status_code == 200
    paths = [("/api/bookings", other), ("/api/gigs", None), (f"/api/gigs/{gig['id']}", None), (f"/api/users/{who['id']}", None),
             (f"/api/reviews?gigId={gig['id']}", None), (f"/api/reviews?teacherId={teacher['id']}", None)]
    read = lambda path, user: other_node.get(path, user and user["token"])
    for path, user in paths * 2:
        reply = read(path, user)
    assert reply.headers["X-Cache"] == "HIT"
    assert sum(name in read(path, user).text for path, user in paths) >= 4

    gone = delete(server, who)
    assert (gone.status_code, gone.content) == (204, b"")
    for path, user in paths:
        text = read(path, user).text
        assert name not in text and "A bio" not in text and "Dhaka" not in text, path
    error(read(f"/api/users/{who['id']}", None), 404, "not_found")
    error(other_node.get("/api/bookings", who["token"]), 401, "unauthorized")
    error(login(other_node, who), 401, "wrong_credentials")

    # The other party keeps the bookings, under a neutral name; what was pending is cancelled.
    rows = {row["id"]: row for row in read("/api/bookings", other).json()["data"]}
    assert {rows[done["id"]]["status"], rows[pending["id"]]["status"]} == {"completed", "cancelled"}
    assert all(row[leaver] == {"id": who["id"], "name": "Deleted user"} for row in rows.values())
    reviews = read(f"/api/reviews?gigId={gig['id']}", None)
    if leaver == "student":
        assert reviews.json()["data"][0]["student"]["name"] == "Deleted user"
        assert read(f"/api/gigs/{gig['id']}", None).status_code == 200
    else:
        error(read(f"/api/gigs/{gig['id']}", None), 404, "not_found")
        assert read("/api/gigs", None).json()["total"] == 0
        error(server.book(student, gig, "2030-03-01T10:00:00Z"), 404, "not_found")
    # The email is free again, for an account that has nothing to do with it.
    body = {"email": who["email"], "password": "long enough", "name": "Somebody else", "role": "student"}
    again = server.post("/api/auth/register", json=body)
    assert again.status_code == 201 and again.json()["data"]["user"]["id"] != who["id"]
    assert server.get("/api/bookings", again.json()["data"]["token"]).json()["total"] == 0


def test_deletion_is_refused_while_somebody_counts_on_it_and_then_changes_nothing(server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    waiting = lesson(server, teacher, student, gig, "2030-01-16T10:00:00Z")
    booking = lesson(server, teacher, student, gig, "2030-01-15T10:00:00Z", "accepted")
    for who in (teacher, student):
        error(delete(server, who, "a wrong one"), 401, "wrong_credentials")
        error(delete(server, who), 409, "lessons_to_come")
        assert server.get("/api/auth/me", who["token"]).json()["data"]["email"] == who["email"]
    assert server.get(f"/api/bookings/{waiting['id']}", student["token"]).json()["data"]["status"] == "pending"
    assert server.get("/api/gigs").json()["total"] == 1
    error(server.request("DELETE", "/api/users/me", student["token"], json={}), 400, "invalid_field")
    error(server.request("DELETE", "/api/users/me", json={"password": "long enough"}), 401, "unauthorized")
    reply = server.request("DELETE", "/api/users/me", student["token"], data="password=x", headers={"Content-Type": "text/plain"})
    error(reply, 415, "unsupported_media_type")
    move(server, student, booking, "cancelled")
    assert delete(server, student).status_code == 204
    assert delete(server, teacher).status_code == 204


def test_last_admin_stays(server):
    admin = server.sign_in_admin()
    error(delete(server, admin, "admin-password"), 403, "forbidden")
    assert server.get("/api/auth/me", admin["token"]).status_code == 200


def test_deletion_and_acceptance_at_once_never_leave_a_lesson_with_nobody(server, start, redis_server):
    """The teacher accepts while the student leaves: either the lesson stands and the account too, or neither."""
    other_node = start(REDIS_URL=redis_server.url).wait_caching()
    teacher = server.register("teacher")
    gig = server.make_gig(teacher)
    for day in range(10):
        student = server.register("student")
        booking = server.book(student, gig, f"2030-01-{day + 10}T10:00:00Z").json()["data"]
        outcome = {}

        def accept():
            outcome["accepted"] = other_node.put(f"/api/bookings/{booking['id']}/status", teacher["token"],
                                                 json={"status": "accepted"}).status_code

        def leave():
            outcome["left"] = delete(server, student).status_code

        threads = [threading.Thread(target=each) for each in (accept, leave)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcome in ({"accepted": 200, "left": 409}, {"accepted": 409, "left": 204}), outcome
        status = server.get(f"/api/bookings/{booking['id']}", teacher["token"]).json()["data"]["status"]
        assert status == ("accepted" if outcome["accepted"] == 200 else "cancelled")


def test_blocked_and_deleted_accounts_are_different_things(server):
    admin, student = server.sign_in_admin(), server.register("student")
    assert delete(server, student).status_code == 204
    for act, body in (("block", {}), ("unblock", {}), ("password", {"newPassword": "given by hand"})):
        error(server.put(f"/api/users/{student['id']}/{act}", admin["token"], json=body), 404, "not_found")
