"""What ends tokens: logout, passwords, an admin, secrets; on every node, at once, whatever Redis does."""
import base64
import ctypes
import hashlib
import hmac
import json
import signal
import sqlite3
import time

import pytest

from conftest import ON_MONGODB, mongodb, needs_a_file

SECRET = "s" * 40  # conftest's


def status(server, token):
    return server.get("/api/auth/me", token).status_code


def login(server, user, password="long enough"):
    return server.post("/api/auth/login", json={"email": user["email"], "password": password})


def refused(reply, status_code, code):
    assert (reply.status_code, reply.json()["error"]["code"]) == (status_code, code), reply.text


def signed(claims, secret=SECRET):
    part = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    return text + "." + part(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def test_logout_ends_all_tokens_of_that_user_alone(server):
    user, other = server.register("student"), server.register("student")
    second = login(server, user).json()["data"]["token"]
    assert [status(server, t) for t in (user["token"], second, other["token"])] == [200, 200, 200]
    done = server.post("/api/auth/logout", second)
    assert (done.status_code, done.content) == (204, b"")
    for path in ("/api/auth/me", "/api/bookings", "/api/gigs"):
        for token in (user["token"], second):
            refused(server.get(path, token), 401, "unauthorized")
    assert status(server, other["token"]) == 200
    assert status(server, login(server, user).json()["data"]["token"]) == 200
    refused(server.post("/api/auth/logout", second), 401, "unauthorized")
    refused(server.post("/api/auth/logout"), 401, "unauthorized")


@pytest.mark.parametrize("redis_is", ["up", "stalled", "unset"])
@pytest.mark.parametrize("end", ["logout", "password", "block", "reset"])
def test_token_ended_on_one_node_is_refused_by_the_very_next_request_on_another(start, redis_server, redis_is, end):
    environment = {} if redis_is == "unset" else {"REDIS_URL": redis_server.url}
    one, other = start(**environment), start(**environment)
    if redis_is != "unset":
        one.wait_caching(), other.wait_caching()
    admin = one.sign_in_admin()
    try:
        for _ in range(5):
            user = one.register("student")
            for node in (one, other, one, other):
                assert status(node, user["token"]) == 200
            if redis_is == "stalled":
                redis_server.signal(signal.SIGSTOP)
            if end == "logout":
                assert one.post("/api/auth/logout", user["token"]).status_code == 204
            elif end == "block":
                assert one.put(f"/api/users/{user['id']}/block", admin["token"], json={}).status_code == 200
            elif end == "reset":
                body = {"newPassword": "another one"}
                assert one.put(f"/api/users/{user['id']}/password", admin["token"], json=body).status_code == 200
            else:
                body = {"currentPassword": "long enough", "newPassword": "another one"}
                changed = one.put("/api/auth/password", user["token"], json=body)
                assert changed.status_code == 200, changed.text
            assert status(other, user["token"]) == 401
            assert status(one, user["token"]) == 401
            if end == "password":
                assert status(other, changed.json()["data"]["token"]) == 200
    finally:
        redis_server.signal(signal.SIGCONT)


def test_ended_token_stays_ended_when_redis_comes_back(server, redis_server):
    user = server.register("student")
    assert [status(server, user["token"]) for _ in range(2)] == [200, 200]
    redis_server.signal(signal.SIGSTOP)
    try:
        assert server.post("/api/auth/logout", user["token"]).status_code == 204
    finally:
        redis_server.signal(signal.SIGCONT)
    server.wait_caching()
    for _ in range(3):
        assert status(server, user["token"]) == 401


def test_password_change_needs_the_old_one_and_ends_the_old_tokens(server):
    user = server.register("teacher")
    change = lambda token, **body: server.put("/api/auth/password", token, json=body)
    refused(change(user["token"], currentPassword="a wrong one", newPassword="another one"), 401, "wrong_credentials")
    refused(change(user["token"], currentPassword="long enough", newPassword="short"), 400, "invalid_field")
    refused(change(user["token"], currentPassword="long enough"), 400, "invalid_field")
    refused(change(None, currentPassword="long enough", newPassword="another one"), 401, "unauthorized")
    assert status(server, user["token"]) == 200  # a refusal ends nothing
    changed = change(user["token"], currentPassword="long enough", newPassword="another one")
    assert changed.status_code == 200 and changed.headers["Cache-Control"] == "no-store"
    assert status(server, user["token"]) == 401 and status(server, changed.json()["data"]["token"]) == 200
    refused(login(server, user), 401, "wrong_credentials")
    assert login(server, user, "another one").status_code == 200
    assert "another one" not in server.log() and "long enough" not in server.log()


def administer(server, admin, user, act, **body):
    return server.put(f"/api/users/{user['id']}/{act}", admin and admin["token"], json=body)


def test_blocked_user_is_told_only_with_the_right_password_and_unblocking_revives_no_token(server):
    admin, user = server.sign_in_admin(), server.register("student")
    done = administer(server, admin, user, "block", reason="Was rude")
    assert done.json()["data"] == {"id": user["id"], "role": "student", "state": "blocked"}
    refused(server.get("/api/bookings", user["token"]), 401, "unauthorized")
    refused(login(server, user), 403, "blocked")
    refused(login(server, user, "a wrong one"), 401, "wrong_credentials")
    assert administer(server, admin, user, "unblock").json()["data"]["state"] == "active"
    assert status(server, user["token"]) == 401
    assert status(server, login(server, user).json()["data"]["token"]) == 200
    trail = server.get("/api/trail", admin["token"]).json()["data"]
    assert [(row["actor"], row["action"], row["subject"]["id"], row["reason"]) for row in trail] == [
        (admin["id"], "unblock_user", user["id"], None), (admin["id"], "block_user", user["id"], "Was rude")]


def test_reset_by_an_admin_ends_tokens_and_is_noted_without_the_password(server):
    admin, user = server.sign_in_admin(), server.register("teacher")
    assert administer(server, admin, user, "password", newPassword="given by hand").status_code == 200
    assert status(server, user["token"]) == 401
    refused(login(server, user), 401, "wrong_credentials")
    assert login(server, user, "given by hand").status_code == 200
    trail = server.get("/api/trail", admin["token"])
    assert trail.json()["data"][0]["action"] == "reset_password" and "given by hand" not in trail.text + server.log()


@pytest.mark.parametrize("act, body", [("block", {}), ("unblock", {}), ("password", {"newPassword": "given by hand"})])
def test_only_admins_administer_others_and_never_themselves(server, act, body):
    admin, teacher, user = server.sign_in_admin(), server.register("teacher"), server.register("student")
    refused(administer(server, None, user, act, **body), 401, "unauthorized")
    for who in (teacher, user):
        refused(administer(server, who, user, act, **body), 403, "forbidden")
    refused(administer(server, admin, admin, act, **body), 422, "unprocessable")
    refused(administer(server, admin, {"id": "0" * 24}, act, **body), 404, "not_found")
    refused(administer(server, admin, {"id": "*"}, act, **body), 404, "not_found")
    refused(administer(server, admin, user, act, **body, more=1), 400, "invalid_field")
    assert status(server, user["token"]) == status(server, admin["token"]) == 200
    assert server.get("/api/trail", admin["token"]).json()["total"] == 0


def test_token_without_a_version_or_of_another_role_is_refused(server):
    user = server.register("student")
    claims = {"sub": user["id"], "role": "student", "ver": 1, "iat": int(time.time()), "exp": int(time.time()) + 60}
    assert status(server, signed(claims)) == 200
    for wrong in ({"ver": 2}, {"ver": 0}, {"role": "admin"}, {"sub": "0" * 24}):
        assert status(server, signed({**claims, **wrong})) == 401, wrong
    del claims["ver"]
    assert status(server, signed(claims)) == 401


def test_session_hit_costs_one_mget_and_no_store_call_and_no_line_of_the_log(server, redis_server):
    user = server.register("student")
    assert server.get("/health", user["token"]).status_code == 200

    def cost(token, status_code, requests_made=20):
        redis_server.client.config_resetstat()
        before = server.store_operations("find_session")
        for _ in range(requests_made):
            assert server.get("/health", token).status_code == status_code
        calls = redis_server.client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"]
        return calls, server.store_operations("find_session") - before

    assert cost(user["token"], 200) == (20, 0)
    head, payload, signature = user["token"].split(".")
    assert cost(f"{head}.{payload}.{signature[:-4]}AAAA", 401) == (0, 0)
    assert server.post("/api/auth/logout", user["token"]).status_code == 204
    assert server.get("/health", user["token"]).status_code == 401
    assert cost(user["token"], 401) == (20, 0)  # an ended token cannot be used to load the store
    assert "sessions:user:" + user["id"] + ":role" not in server.log()


@needs_a_file
def test_store_that_cannot_answer_is_503_unless_the_cache_knows(server):
    known, unknown = server.register("student"), server.register("student")
    assert server.get("/health", known["token"]).status_code == 200
    with sqlite3.connect(f"{server.folder}/bookings.db", timeout=30) as database:
        database.execute("ALTER TABLE users RENAME TO elsewhere")
    for _ in range(2):
        assert server.get("/health", known["token"]).status_code == 200
        refused(server.get("/health", unknown["token"]), 503, "store_unavailable")
    with sqlite3.connect(f"{server.folder}/bookings.db", timeout=30) as database:
        database.execute("ALTER TABLE elsewhere RENAME TO users")
    assert server.get("/health", unknown["token"]).status_code == 200


def test_secrets_rotate_without_ending_tokens_until_the_old_one_is_dropped(start):
    old, new = "o" * 40, "n" * 40

    def restart(server, secret):
        assert server is None or server.stop() == 0
        return start(JWT_SECRET=secret)

    server = restart(None, old)
    user = server.register("student")
    server = restart(server, f"{new},{old}")
    assert status(server, user["token"]) == 200
    later = login(server, user).json()["data"]["token"]
    assert status(server, later) == 200
    server = restart(server, new)
    assert (status(server, user["token"]), status(server, later)) == (401, 200)


def test_password_is_hashed_again_at_login_where_its_cost_is_not_todays(server):
    user = server.register("student")
    sodium = ctypes.CDLL("libsodium.so.23")
    text = ctypes.create_string_buffer(128)
    assert sodium.crypto_pwhash_str_alg(text, b"long enough", ctypes.c_ulonglong(11), ctypes.c_ulonglong(1),
                                        ctypes.c_size_t(8192), 2) == 0
    cheap = text.value.decode()

    def stored(value=None):
        if ON_MONGODB:
            with mongodb(server.folder) as database:
                import bson

                which = {"_id": bson.ObjectId(user["id"])}
                if value:
                    database.users.update_one(which, {"$set": {"password": value}})
                return database.users.find_one(which)["password"]
        with sqlite3.connect(f"{server.folder}/bookings.db", timeout=30) as database:
            if value:
                database.execute("UPDATE users SET password_hash = ? WHERE id = ?", (value, user["id"]))
            return database.execute("SELECT password_hash FROM users WHERE id = ?", (user["id"],)).fetchone()[0]

    usual = stored()
    assert stored(cheap) == cheap
    refused(login(server, user, "a wrong one"), 401, "wrong_credentials")
    assert stored() == cheap
    assert login(server, user).status_code == 200
    assert stored() not in (cheap, usual) and stored().split("$")[3] == usual.split("$")[3]
    assert login(server, user).status_code == 200 and status(server, user["token"]) == 200
