"""Profiles: what everybody sees through the cache, what only oneself sees, and a new name in everything that shows it."""
import re
import threading

import pytest
import requests

from conftest import until
from test_refusals import error
from test_reviews import make_lesson, review

PRIVATE = {"phone": "+880 1700 000000", "address": "House 5, Road 3", "postcode": "Dhaka-1207"}
PUBLIC = {"bio": "I like numbers", "city": "Dhaka", "country": "Bangladesh"}


def change(server, user, **members):
    reply = server.put("/api/users/me", user["token"], json=members)
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


def shown(server, user, token=None):
    reply = server.get(f"/api/users/{user['id']}", token)
    assert reply.status_code == 200, reply.text
    return reply.headers["X-Cache"], reply.json()["data"]


def test_own_profile_is_whole_and_the_public_one_is_not(server):
    student = server.register("student", "Rahim")
    own = change(server, student, **PRIVATE, **PUBLIC)
    assert own == {**PRIVATE, **PUBLIC, "id": student["id"], "email": student["email"], "name": "Rahim", "role": "student",
                   "createdAt": own["createdAt"]}
    assert server.get("/api/auth/me", student["token"]).json()["data"] == own
    text = server.get(f"/api/users/{student['id']}").text
    assert shown(server, student)[1] == {**PUBLIC, "id": student["id"], "name": "Rahim", "role": "student", "createdAt": own["createdAt"]}
    for secret in (*PRIVATE.values(), student["email"]):
        assert secret not in text and secret not in server.log()


def test_members_that_are_absent_stay_and_empty_ones_are_removed(server):
    student = server.register("student", "Rahim")
    change(server, student, **PRIVATE, **PUBLIC)
    own = change(server, student, bio="", phone="", city="  Sylhet ")
    assert (own["bio"], own["phone"], own["city"]) == (None, None, "Sylhet")
    assert (own["country"], own["address"], own["name"]) == ("Bangladesh", PRIVATE["address"], "Rahim")
    assert change(server, student) == own


def test_new_account_and_teacher_have_the_same_members_with_nothing_in_them(server):
    student, teacher = server.register("student"), server.register("teacher")
    assert [shown(server, student)[1][name] for name in PUBLIC] == [None] * 3
    profile = shown(server, teacher)[1]
    assert (profile["rating"], profile["reviewCount"]) == (None, 0) and "rating" not in shown(server, student)[1]


@pytest.mark.parametrize("member", ["name", *PUBLIC])
def test_public_change_is_shown_at_once_to_everybody(server, member):
    student, reader = server.register("student"), server.register("teacher")
    assert [shown(server, student, token)[0] for token in (None, reader["token"], student["token"])] == ["MISS", "HIT", "HIT"]
    change(server, student, **{member: "Changed"})
    assert shown(server, student, reader["token"]) == ("MISS", {**shown(server, student)[1], member: "Changed"})
    assert shown(server, student)[0] == "HIT"


def test_change_that_nobody_else_is_shown_leaves_the_cache_alone(server):
    lesson = make_lesson(server)
    paths = [(f"/api/users/{lesson['student']['id']}", None), ("/api/bookings", lesson["teacher"]), ("/api/bookings", lesson["student"])]
    for path, user in paths:
        server.get(path, user and user["token"])
    change(server, lesson["student"], **PRIVATE)
    assert [server.get(path, user and user["token"]).headers["X-Cache"] for path, user in paths] == ["HIT"] * 3
    change(server, lesson["student"], bio="New")  # a profile, but no list of bookings
    assert [server.get(path, user and user["token"]).headers["X-Cache"] for path, user in paths] == ["MISS", "HIT", "HIT"]


def everything_about(lesson):
    """What shows the name of the lesson's teacher: paths and who asks."""
    teacher, student, gig = lesson["teacher"], lesson["student"], lesson["gig"]["id"]
    return [(f"/api/users/{teacher['id']}", None), ("/api/gigs", None), (f"/api/gigs?teacherId={teacher['id']}", None),
            (f"/api/gigs/{gig}", None), ("/api/bookings", student), ("/api/bookings?status=completed", teacher),
            (f"/api/reviews?gigId={gig}", None), (f"/api/reviews?teacherId={teacher['id']}", None)]


def get(server, path, user):
    reply = server.get(path, user and user["token"])
    assert reply.status_code == 200, reply.text
    return reply


def test_teachers_new_name_shows_at_once_in_everything(server):
    lesson = make_lesson(server, teacher=server.register("teacher", "Old Name"))
    assert review(server, lesson).status_code == 201
    stranger = make_lesson(server)
    unaffected = [("/api/bookings", stranger["student"]), ("/api/bookings", stranger["teacher"]),
                  (f"/api/gigs/{stranger['gig']['id']}", None), (f"/api/users/{stranger['teacher']['id']}", None),
                  (f"/api/users/{lesson['student']['id']}", None)]
    for path, user in (everything_about(lesson) + unaffected) * 2:
        get(server, path, user)
    change(server, lesson["teacher"], name="New Name")
    for path, user in everything_about(lesson):
        reply = get(server, path, user)
        assert reply.headers["X-Cache"] == "MISS" and "New Name" in reply.text and "Old Name" not in reply.text, path
        assert get(server, path, user).headers["X-Cache"] == "HIT", path
    for path, user in unaffected:
        assert get(server, path, user).headers["X-Cache"] == "HIT", path


def test_students_new_name_shows_at_once_to_every_teacher(server):
    student = server.register("student", "Old Name")
    first = make_lesson(server, student=student)
    second = make_lesson(server, student=student, at="2030-05-15T10:00:00Z", status="pending")
    assert review(server, first).status_code == 201
    paths = [("/api/bookings", first["teacher"]), ("/api/bookings", second["teacher"]), ("/api/bookings", student),
             (f"/api/reviews?gigId={first['gig']['id']}", None), (f"/api/users/{student['id']}", None)]
    for path, user in paths:
        assert "Old Name" in get(server, path, user).text
    change(server, student, name="New Name")
    for path, user in paths:
        reply = get(server, path, user)
        assert reply.headers["X-Cache"] == "MISS" and "New Name" in reply.text and "Old Name" not in reply.text, path


def test_readers_during_renames_never_see_a_name_older_than_the_last_acknowledged(server):
    lesson = make_lesson(server, teacher=server.register("teacher", "Name 0"))
    assert review(server, lesson).status_code == 201
    acknowledged, done, wrong, hits = [0], threading.Event(), [], []

    def read(path, user):
        headers = {"Authorization": f"Bearer {user['token']}"} if user else {}
        with requests.Session() as session:
            while not done.is_set():
                least = acknowledged[0]
                reply = session.get(server.url + path, headers=headers, timeout=30)
                seen = int(re.search(r"Name (\d+)", reply.text).group(1))
                if seen < least:
                    wrong.append((path, seen, least))
                hits.append(reply.headers["X-Cache"] == "HIT")

    readers = [threading.Thread(target=read, args=each) for each in everything_about(lesson)]
    for reader in readers:
        reader.start()
    for number in range(1, 41):
        change(server, lesson["teacher"], name=f"Name {number}")
        acknowledged[0] = number
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == [] and any(hits)


def test_new_name_reaches_other_processes(server, start, redis_server):
    other = start(REDIS_URL=redis_server.url).wait_caching()
    lesson = make_lesson(server)
    for path, user in everything_about(lesson):
        get(server, path, user)
    change(other, lesson["teacher"], name="New Name")
    for path, user in everything_about(lesson)[:6]:
        assert "New Name" in get(server, path, user).text, path


def test_new_name_of_a_process_without_redis_is_invalidated_by_the_relay(server, start):
    """Only the outbox row tells of it, and it names the user alone: the relay asks the store what shows the name."""
    lesson = make_lesson(server, teacher=server.register("teacher", "Old Name"))
    assert review(server, lesson).status_code == 201
    for path, user in everything_about(lesson):
        assert "Old Name" in get(server, path, user).text
    change(start(), lesson["teacher"], name="New Name")
    for path, user in everything_about(lesson):
        until(lambda: "New Name" in get(server, path, user).text, f"the new name in {path}")


@pytest.mark.parametrize("member,value", [
    ("name", ""), ("name", "x" * 101), ("name", 5), ("name", None), ("bio", "x" * 2001), ("bio", None), ("phone", "1" * 33),
    ("phone", 880), ("address", "x" * 301), ("city", "x" * 101), ("city", ["Dhaka"]), ("postcode", "1" * 21),
    ("country", "x" * 101), ("country", "a\u0000b"), ("email", "new@example.com"), ("role", "admin"), ("rating", 5), ("id", "0" * 24)])
def test_wrong_members_are_named_and_change_nothing(server, member, value):
    student = server.register("student", "Rahim")
    before = server.get("/api/auth/me", student["token"]).json()["data"]
    reply = server.put("/api/users/me", student["token"], json={"bio": "new", member: value})
    assert set(error(reply, 400, "invalid_field")["fields"]) == {member}
    assert server.get("/api/auth/me", student["token"]).json()["data"] == before


def test_who_may_change_and_see_whom(server):
    student = server.register("student")
    error(server.put("/api/users/me", json={"bio": "x"}), 401, "unauthorized")
    error(server.put("/api/users/me", student["token"], data=b"[]", headers={"Content-Type": "application/json"}), 400, "malformed")
    reply = server.put(f"/api/users/{student['id']}", student["token"], json={"bio": "x"})
    assert reply.status_code == 405
    error(server.get(f"/api/users/{student['id']}", "forged"), 401, "unauthorized")


@pytest.mark.parametrize("user_id", ["0" * 24, "*", "%2A", "1", "A" * 24, "0" * 25])
def test_unknown_users_are_not_found_and_not_stored(server, redis_server, user_id):
    for _ in range(2):
        error(server.get(f"/api/users/{user_id}"), 404, "not_found")
    assert not list(redis_server.client.scan_iter("users:*:query:*"))
