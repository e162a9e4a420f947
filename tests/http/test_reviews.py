"""Reviews through the cache: each list shows a new review, a new title and a new name at once."""
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from test_refusals import error


@pytest.fixture
def lesson(server):
    """A teacher, a gig, a student, and a completed booking of theirs."""
    return make_lesson(server)


def make_lesson(server, teacher=None, student=None, gig=None, at="2030-01-15T10:00:00Z", status="completed"):
    teacher, student = teacher or server.register("teacher"), student or server.register("student")
    gig = gig or server.make_gig(teacher)
    booking = server.book(student, gig, at).json()["data"]
    for step in {"pending": (), "accepted": ("accepted",), "completed": ("accepted", "completed")}[status]:
        reply = server.put(f"/api/bookings/{booking['id']}/status", teacher["token"], json={"status": step})
        assert reply.status_code == 200, reply.text
    return {"teacher": teacher, "student": student, "gig": gig, "booking": booking}


def review(server, lesson, rating=5, comment="Clear and patient", who="student"):
    return server.post("/api/reviews", lesson[who]["token"],
                       json={"bookingId": lesson["booking"]["id"], "rating": rating, "comment": comment})


def lists(lesson):
    return [f"/api/reviews?gigId={lesson['gig']['id']}", f"/api/reviews?teacherId={lesson['teacher']['id']}"]


def read(server, path):
    reply = server.get(path)
    assert reply.status_code == 200, reply.text
    return reply.headers["X-Cache"], [row["rating"] for row in reply.json()["data"]]


def test_review_is_shown_at_once_in_both_lists_and_in_the_rating(server, lesson):
    profile = f"/api/users/{lesson['teacher']['id']}"
    rating = lambda: [server.get(profile).json()["data"][name] for name in ("rating", "reviewCount")]
    for path in lists(lesson):
        assert [read(server, path) for _ in range(2)] == [("MISS", []), ("HIT", [])]
    assert [rating() for _ in range(2)] == [[None, 0]] * 2

    reply = review(server, lesson, 4)
    assert reply.status_code == 201
    made = reply.json()["data"]
    assert made == {"id": made["id"], "rating": 4, "comment": "Clear and patient", "createdAt": made["createdAt"],
                    "gig": {"id": lesson["gig"]["id"], "title": "Algebra"},
                    "student": {"id": lesson["student"]["id"], "name": "A student"},
                    "teacher": {"id": lesson["teacher"]["id"], "name": "A teacher"},
                    "bookingId": lesson["booking"]["id"]}
    for path in lists(lesson):
        assert [read(server, path) for _ in range(2)] == [("MISS", [4]), ("HIT", [4])]
    shown = server.get(lists(lesson)[0]).json()["data"][0]
    assert shown == {name: value for name, value in made.items() if name != "bookingId"}
    reply = server.get(profile)
    assert reply.headers["X-Cache"] == "MISS" and rating() == [4, 1]

    for number, stars in enumerate((5, 4)):  # 13 stars in 3 reviews
        more = make_lesson(server, lesson["teacher"], lesson["student"], lesson["gig"], f"2030-02-1{number}T10:00:00Z")
        assert review(server, more, stars).status_code == 201
    assert rating() == [4.33, 3]


def test_review_leaves_other_lists_in_the_cache(server, lesson):
    other = make_lesson(server)
    sibling = server.make_gig(lesson["teacher"], title="Geometry")
    paths = [*lists(other), f"/api/users/{other['teacher']['id']}", f"/api/reviews?gigId={sibling['id']}"]
    for path in paths:
        server.get(path)
    assert review(server, lesson).status_code == 201
    assert [server.get(path).headers["X-Cache"] for path in paths] == ["HIT"] * 4


def test_new_title_and_new_names_show_at_once_in_review_lists(server, lesson):
    assert review(server, lesson).status_code == 201
    writes = [(lesson["teacher"], f"/api/gigs/{lesson['gig']['id']}", {"title": "New title"}, ("gig", "title")),
              (lesson["student"], "/api/users/me", {"name": "New student"}, ("student", "name")),
              (lesson["teacher"], "/api/users/me", {"name": "New teacher"}, ("teacher", "name"))]
    for who, path, body, (thing, member) in writes:
        for reviews in lists(lesson) * 2:
            server.get(reviews)
        assert server.put(path, who["token"], json=body).status_code == 200
        for reviews in lists(lesson):
            reply = server.get(reviews)
            assert reply.headers["X-Cache"] == "MISS"
            assert reply.json()["data"][0][thing][member] == next(iter(body.values()))


def test_each_thing_has_a_scope_of_its_own_and_the_documented_key(server, redis_server, lesson):
    for path in lists(lesson):
        server.get(path + "&sort=rating&unknown=1")
    gig, teacher = lesson["gig"]["id"], lesson["teacher"]["id"]
    assert sorted(redis_server.client.scan_iter("reviews:*:query:*")) == sorted(
        [f'reviews:id:{gig}:query:{{"gigId":"{gig}","sort":"rating"}}',
         f'reviews:id:{teacher}:query:{{"sort":"rating","teacherId":"{teacher}"}}'])


def test_orders_and_pages(server):
    first = make_lesson(server)
    for number, stars in enumerate((3, 5, 1)):
        at = f"2030-03-1{number}T10:00:00Z"
        assert review(server, make_lesson(server, first["teacher"], first["student"], first["gig"], at), stars).status_code == 201
    path = lists(first)[0]
    for sort, expected in {"newest": [1, 5, 3], "oldest": [3, 5, 1], "rating": [1, 3, 5], "-rating": [5, 3, 1]}.items():
        assert [row["rating"] for row in server.get(f"{path}&sort={sort}").json()["data"]] == expected
    page = server.get(f"{path}&limit=2&page=2&sort=rating").json()
    assert ([row["rating"] for row in page["data"]], page["count"], page["total"]) == ([5], 1, 3)


def test_second_review_of_a_booking_is_refused(server, lesson):
    assert review(server, lesson, 4).status_code == 201
    error(review(server, lesson, 1), 409, "already_reviewed")
    assert read(server, lists(lesson)[0])[1] == [4]


def test_two_processes_at_once_make_one_review_of_a_booking(server, start, redis_server, lesson):
    servers = [server, start(REDIS_URL=redis_server.url).wait_caching()]
    headers = {"Authorization": f"Bearer {lesson['student']['token']}"}

    def post(number):
        body = {"bookingId": lesson["booking"]["id"], "rating": 1 + number % 5, "comment": str(number)}
        return requests.post(servers[number % 2].url + "/api/reviews", json=body, headers=headers, timeout=30)

    for path in lists(lesson):
        read(server, path)
    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(post, range(12)))
    made = [reply for reply in replies if reply.status_code == 201]
    assert len(made) == 1
    for reply in replies:
        if reply.status_code != 201:
            error(reply, 409, "already_reviewed")
    for each in servers:
        for path in lists(lesson):
            assert read(each, path)[1] == [made[0].json()["data"]["rating"]]


def test_who_may_review_what(server, lesson):
    stranger = server.register("student")
    error(server.post("/api/reviews", json={}), 401, "unauthorized")
    error(review(server, lesson, who="teacher"), 403, "forbidden")
    error(server.post("/api/reviews", server.sign_in_admin()["token"], json={}), 403, "forbidden")
    error(review(server, {**lesson, "student": stranger}), 404, "not_found")
    error(review(server, {**lesson, "booking": {"id": "0" * 24}}), 404, "not_found")
    for number, status in enumerate(("pending", "accepted")):
        early = make_lesson(server, lesson["teacher"], lesson["student"], lesson["gig"], f"2030-04-1{number}T10:00:00Z", status)
        error(review(server, early), 409, "wrong_state")
    assert read(server, lists(lesson)[0])[1] == []


@pytest.mark.parametrize("change,field", [
    ({"rating": 0}, "rating"), ({"rating": 6}, "rating"), ({"rating": 4.5}, "rating"), ({"rating": "5"}, "rating"),
    ({"rating": None}, "rating"), ({"comment": "x" * 2001}, "comment"), ({"comment": 5}, "comment"),
    ({"comment": None}, "comment"), ({"bookingId": "*"}, "bookingId"), ({"bookingId": 5}, "bookingId"),
    ({"teacherId": "0" * 24}, "teacherId")])
def test_wrong_members_are_named(server, lesson, change, field):
    body = {"bookingId": lesson["booking"]["id"], "rating": 5, "comment": "", **change}
    reply = server.post("/api/reviews", lesson["student"]["token"], json=body)
    assert set(error(reply, 400, "invalid_field")["fields"]) == {field}


@pytest.mark.parametrize("query", [
    "", "gigId={gig}&teacherId={teacher}", "gigId={gig}&gigId={gig}", "gigId=*", "teacherId=*", "gigId=", "gigId={gig}&teacherId=",
    "gigId={gig}&sort=price", "gigId={gig}&page=0", "gigId={gig}&limit=101", "gigId={gig}%20"])
def test_wrong_queries_are_refused_and_not_stored(server, redis_server, lesson, query):
    path = "/api/reviews?" + query.format(gig=lesson["gig"]["id"], teacher=lesson["teacher"]["id"])
    for _ in range(2):
        error(server.get(path), 400, "invalid_field")
    assert not list(redis_server.client.scan_iter("reviews:*:query:*"))


def test_unknown_things_are_not_found_and_not_stored(server, redis_server, lesson):
    gig, teacher, student = lesson["gig"]["id"], lesson["teacher"]["id"], lesson["student"]["id"]
    for path in lists(lesson):
        server.get(path)
    # The last two ask for what is cached, but as something else.
    for query in (f"gigId={'0' * 24}", f"teacherId={student}", f"gigId={teacher}", f"teacherId={gig}"):
        for _ in range(2):
            error(server.get(f"/api/reviews?{query}"), 404, "not_found")
    assert len(list(redis_server.client.scan_iter("reviews:*:query:*"))) == 2


def test_deleted_gig_keeps_its_reviews(server, lesson):
    assert review(server, lesson, 4).status_code == 201
    assert server.request("DELETE", f"/api/gigs/{lesson['gig']['id']}", lesson["teacher"]["token"]).status_code == 200
    for path in lists(lesson):
        assert read(server, path)[1] == [4]
