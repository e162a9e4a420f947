"""The data of an Express app, made by Mongoose itself: served as it is, written to, and still good for that app."""
import pytest
import requests

from processes import LIMIT, ON_MONGODB, mongodb, store_url

pytestmark = pytest.mark.skipif(not ON_MONGODB, reason="is about data in MongoDB (make test-mongo)")

# What the dialect "ids" does not call as we do, beside its references, which are found by looking.
NAMES = {"plain": {}, "ids": {"MONGO_FIELDS": "bookings.scheduledAt=date,users.password=passwordHash",
                              "MONGO_COLLECTIONS": "bookings=lessons"}}
SECRET = {"plain": "password", "ids": "passwordHash"}


class App:
    def __init__(self, dialect, folder, node, start, redis_server):
        self.dialect, self.folder, self.node = dialect, folder, node
        self.ids = node("make.mjs", store_url(folder), dialect)
        self.server = start(REDIS_URL=redis_server.url, **NAMES[dialect]).wait_caching()

    def read(self):
        return self.node("read.mjs", store_url(self.folder), self.dialect)

    def user(self, name):
        with mongodb(self.folder) as database:
            from bson import ObjectId
            return database.users.find_one({"_id": ObjectId(self.ids[name])})

    def sign_in(self, email, password, status=200):
        reply = requests.post(self.server.url + "/api/auth/login", json={"email": email, "password": password}, timeout=LIMIT)
        assert reply.status_code == status, reply.text
        return reply.json()["data"]["token"] if status == 200 else None

    def list(self, token, **query):
        reply = self.server.get("/api/bookings", token, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture(params=["plain", "ids"])
def app(request, tmp_path, node, start, redis_server):
    return App(request.param, tmp_path, node, start, redis_server)


@pytest.fixture
def rahim(app):
    return app.sign_in("rahim@example.com", "Rahim Uddin's password")


@pytest.fixture
def ayesha(app):
    return app.sign_in("ayesha@example.com", "Ayesha Rahman's password")


@pytest.mark.parametrize("name, email, password, begins", [
    ("rahim", "rahim@example.com", "Rahim Uddin's password", "$2b$10$"),
    ("nadia", "older@example.com", "Older Nadia's password", "$2a$10$")])
def test_password_of_bcrypt_signs_in_and_is_replaced(app, name, email, password, begins):
    secret = SECRET[app.dialect]
    before = app.user(name)
    assert before[secret].startswith(begins)
    app.sign_in(email, password + "!", 401)
    assert app.user(name) == before
    app.sign_in(email, password)
    after = app.user(name)
    assert after[secret].startswith("$argon2id$")
    assert {k: v for k, v in after.items() if k not in (secret, "rev")} == {k: v for k, v in before.items() if k != secret}
    app.sign_in(email, password)
    app.sign_in(email, password + "!", 401)
    assert app.user(name) == after


def test_password_that_cannot_be_verified_signs_nobody_in_and_holds_nobody_up(app):
    secret, hash_of = SECRET[app.dialect], app.user("rahim")[SECRET[app.dialect]]
    with mongodb(app.folder) as database:
        database.users.update_one({"name": "Rahim Uddin"}, {"$set": {secret: hash_of.replace("$10$", "$31$")}})
        database.users.update_one({"name": "Older Nadia"}, {"$unset": {secret: 1}})
    app.sign_in("rahim@example.com", "Rahim Uddin's password", 500)  # within the seconds of LIMIT; it would take a day
    assert f"[Auth] The password hash of user {app.ids['rahim']} cannot be verified" in app.server.log()
    assert hash_of[7:] not in app.server.log()
    app.sign_in("older@example.com", "Older Nadia's password", 401)  # who has none signs in elsewhere


def test_bookings_are_listed_with_what_they_refer_to(app, rahim, ayesha):
    listed = app.list(rahim, sort="scheduledAt")
    assert [row["id"] for row in listed["data"]] == [app.ids["pending"], app.ids["accepted"]]
    first, second = listed["data"]
    assert first["student"] == {"id": app.ids["rahim"], "name": "Rahim Uddin"}
    assert first["teacher"] == {"id": app.ids["ayesha"], "name": "Ayesha Rahman"}
    assert first["gig"] == {"id": app.ids["algebra"], "title": "Algebra", "subject": "Mathematics", "price": 800}
    assert (first["price"], first["durationMinutes"], first["note"]) == (1200, 90, "Chapter 3")
    assert first["scheduledAt"].startswith("2031-03-01T10:00:00")
    assert (second["price"], second["durationMinutes"], second["note"], second["paymentStatus"]) == (799.5, 60, None, "unpaid")
    assert second["gig"]["subject"] == ""
    assert app.list(rahim, sort="scheduledAt")["cached"] is True
    assert [row["id"] for row in app.list(ayesha, status="completed")["data"]] == [app.ids["completed"]]
    assert app.list(ayesha, status="completed")["data"][0]["price"] == 266.67


def test_document_that_cannot_be_read_is_named_in_the_log_and_missing_in_lists(app, rahim):
    listed = app.list(rahim)
    assert listed["total"] == 3 and listed["count"] == 2
    assert app.server.get(f"/api/bookings/{app.ids['broken']}", rahim).status_code == 500
    told = [line for line in app.server.log().splitlines() if app.ids["broken"] in line]
    collection, member = ("bookings", "scheduledAt") if app.dialect == "plain" else ("lessons", "date")
    assert told and all(f'"{collection}"' in line and f'"{member}" is a text and no date' in line for line in told)


def test_gigs_reviews_and_profile_are_shown(app):
    server = app.server
    gigs = server.get("/api/gigs", params={"sort": "price", "teacherId": app.ids["ayesha"]}).json()["data"]
    assert [(gig["title"], gig["price"]) for gig in gigs][:2] == [("Guitar", 799.5), ("Algebra", 800)]
    if "decimal" in app.ids:
        assert gigs[2]["price"] == 950.5
    assert gigs[0]["teacher"]["name"] == "Ayesha Rahman"
    reviews = server.get("/api/reviews", params={"gigId": app.ids["algebra"]}).json()["data"]
    assert [(row["rating"], row["comment"], row["student"]["name"]) for row in reviews] == [(4, "", "Older Nadia")]
    profile = server.get(f"/api/users/{app.ids['ayesha']}").json()["data"]
    assert (profile["bio"], profile["rating"], profile["reviewCount"]) == ("Ten years of mathematics", 4, 1)


def test_what_is_written_is_still_good_for_the_app(app, rahim, ayesha):
    server, ids = app.server, app.ids
    admin = server.sign_in_admin()["token"]
    assert len(app.list(rahim)["data"]) == 2  # so that the lists below show what was invalidated

    moved = server.put(f"/api/bookings/{ids['pending']}/status", ayesha, json={"status": "accepted"})
    assert moved.status_code == 200, moved.text
    late = {"gigId": ids["algebra"], "scheduledAt": "2031-03-01T10:30:00Z"}
    assert server.post("/api/bookings", rahim, json=late).status_code == 409  # by a lesson of the app's own
    booked = server.post("/api/bookings", rahim, json={"gigId": ids["guitar"], "scheduledAt": "2031-03-05T10:00:00Z"})
    assert booked.status_code == 201, booked.text
    fresh = booked.json()["data"]["id"]
    assert {row["id"]: row["status"] for row in app.list(rahim)["data"]} == {
        ids["pending"]: "accepted", ids["accepted"]: "accepted", fresh: "pending"}

    paid = server.post("/api/manual-payments", rahim, json={"bookingId": ids["pending"], "method": "bkash",
                                                           "transactionId": "TRX200", "amount": 1200})
    assert paid.status_code == 201, paid.text
    verified = server.put(f"/api/manual-payments/{paid.json()['data']['id']}/verify", admin, json={})
    assert verified.status_code == 200, verified.text
    assert server.get("/api/manual-payments", admin).json()["total"] == 2
    done = server.put(f"/api/bookings/{ids['accepted']}/status", ayesha, json={"status": "completed"})
    assert done.status_code == 200, done.text
    review = {"bookingId": ids["accepted"], "rating": 5, "comment": "Very clear"}
    assert server.post("/api/reviews", rahim, json=review).status_code == 201
    assert server.post("/api/reviews", rahim, json=review).status_code == 409
    changed = server.put(f"/api/gigs/{ids['algebra']}", ayesha, json={"price": 850.5})
    assert changed.status_code == 200, changed.text

    seen = app.read()
    broken = seen["bookings"].pop(ids["broken"])
    assert "date" in broken["invalid"].lower()
    invalid = {f"{name} {one}": its["invalid"] for name, all in seen.items() for one, its in all.items() if "invalid" in its}
    assert not invalid
    name = (lambda reference: reference) if app.dialect == "plain" else (lambda reference: reference + "Id")
    pending = seen["bookings"][ids["pending"]]
    assert (pending["status"], pending["meetingLink"], pending["__v"]) == ("accepted", "https://meet.example/1", 0)
    assert seen["gigs"][ids["algebra"]]["images"] == ["a.png", "b.png"] and seen["gigs"][ids["algebra"]]["price"] == 850.5
    new = seen["bookings"][fresh]
    assert new[name("student")]["name"] == "Rahim Uddin" and new[name("gig")]["title"] == "Guitar"
    assert (new["price"], new["durationMinutes"], new["__v"]) == (799.5, 60, 0)
    assert sorted(row["rating"] for row in seen["reviews"].values()) == [4, 5]
    assert {row["transactionId"]: row["status"] for row in seen["payments"].values()} == {"TRX100": "verified", "TRX200": "verified"}
    # What the app has saved, by its own means, in a document that we made.
    assert server.get(f"/api/bookings/{fresh}", rahim).json()["data"]["note"] == "Saved by the app"
