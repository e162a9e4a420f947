"""One table, route by role by refusal. A route that the server has and the table has not fails the suite, and says which
line to add. `bookings-server routes` lists them."""
import os
import subprocess

import pytest
from conftest import SERVER, Server

# What each role gets for a request of the right form with nothing in it: `{}` for POST and PUT, ids of nothing.
OK, SIGN_IN, NO, BAD, NONE = "200", "401 unauthorized", "403 forbidden", "400 invalid_field", "404 not_found"
NO_GATEWAY, NO_FORM = "503 gateway_unavailable", "415 unsupported_media_type"
ROLES = ("anonymous", "student", "teacher", "admin")
TABLE = {
    # route                         anonymous  student  teacher  admin
    "POST /api/auth/register":      (BAD,      BAD,     BAD,     BAD),
    "POST /api/auth/login":         (BAD,      BAD,     BAD,     BAD),
    "GET /api/auth/me":             (SIGN_IN,  OK,      OK,      OK),
    "POST /api/auth/logout":        (SIGN_IN,  "204",   "204",   "204"),
    "PUT /api/auth/password":       (SIGN_IN,  BAD,     BAD,     BAD),
    "PUT /api/users/:id/block":     (SIGN_IN,  NO,      NO,      NONE),
    "PUT /api/users/:id/unblock":   (SIGN_IN,  NO,      NO,      NONE),
    "PUT /api/users/:id/password":  (SIGN_IN,  NO,      NO,      BAD),
    "GET /api/gigs":                (OK,       OK,      OK,      OK),
    "GET /api/gigs/:id":            (NONE,     NONE,    NONE,    NONE),
    "POST /api/gigs":               (SIGN_IN,  NO,      BAD,     NO),
    "PUT /api/gigs/:id":            (SIGN_IN,  NO,      NONE,    NO),
    "DELETE /api/gigs/:id":         (SIGN_IN,  NO,      NONE,    NO),
    "GET /api/bookings":            (SIGN_IN,  OK,      OK,      OK),
    "POST /api/bookings":           (SIGN_IN,  BAD,     NO,      NO),
    "GET /api/bookings/:id":        (SIGN_IN,  NONE,    NONE,    NONE),
    "PUT /api/bookings/:id/status": (SIGN_IN,  BAD,     BAD,     BAD),
    "GET /api/users/me/export":     (SIGN_IN,  OK,      OK,      OK),
    "DELETE /api/users/me":         (SIGN_IN,  "400 malformed", "400 malformed", "400 malformed"),
    "GET /api/users/:id":           (NONE,     NONE,    NONE,    NONE),
    "PUT /api/users/me":            (SIGN_IN,  OK,      OK,      OK),
    "GET /api/reviews":             (BAD,      BAD,     BAD,     BAD),
    "POST /api/reviews":            (SIGN_IN,  BAD,     NO,      NO),
    "GET /api/manual-payments":     (SIGN_IN,  OK,      NO,      OK),
    "POST /api/manual-payments":    (SIGN_IN,  BAD,     NO,      NO),
    "PUT /api/manual-payments/:id/verify": (SIGN_IN, NO, NO,     NONE),
    "PUT /api/manual-payments/:id/reject": (SIGN_IN, NO, NO,     NONE),
    "POST /api/payments/init":      (SIGN_IN,  BAD,     NO,      NO),
    "GET /api/payments":            (SIGN_IN,  OK,      NO,      OK),
    "GET /api/payments/:id":        (SIGN_IN,  NONE,    NONE,    NONE),
    "POST /api/payments/:id/refund":  (SIGN_IN, NO,     NO,      NO_GATEWAY),
    "POST /api/payments/:id/release": (SIGN_IN, NO,     NO,      NONE),
    "POST /api/payments/sslcommerz/ipn":     (NO_FORM, NO_FORM, NO_FORM, NO_FORM),
    "POST /api/payments/sslcommerz/success": (NO_FORM, NO_FORM, NO_FORM, NO_FORM),
    "POST /api/payments/sslcommerz/fail":    (NO_FORM, NO_FORM, NO_FORM, NO_FORM),
    "POST /api/payments/sslcommerz/cancel":  (NO_FORM, NO_FORM, NO_FORM, NO_FORM),
    "GET /api/trail":               (SIGN_IN,  NO,      NO,      OK),
    "GET /health":                  (OK,       OK,      OK,      OK),
    "GET /ready":                   (OK,       OK,      OK,      OK),
    "GET /metrics":                 (OK,       OK,      OK,      OK),
    "GET /api/cache/stats":         (SIGN_IN,  NO,      NO,      OK),
    "POST /api/cache/invalidate":   (SIGN_IN,  NO,      NO,      BAD),
    "GET /api/cache/keys":          (SIGN_IN,  NO,      NO,      BAD),
    "GET /api/cache/entry":         (SIGN_IN,  NO,      NO,      BAD),
    "GET /api/events":              (SIGN_IN,  NO,      NO,      OK),
    "GET /api/jobs":                (SIGN_IN,  NO,      NO,      OK),
    "POST /api/jobs/:id/retry":     (SIGN_IN,  NO,      NO,      NONE),
    "GET /openapi.json":            (OK,       OK,      OK,      OK),
    "GET /docs":                    (OK,       OK,      OK,      OK),
    "GET /docs/:file":              (NONE,     NONE,    NONE,    NONE),
    "GET /dashboard":               (OK,       OK,      OK,      OK),
    "GET /dashboard/:file":         (NONE,     NONE,    NONE,    NONE),
}
# Routes for anybody signed in whose controller refuses a role for itself.
FINER = {"GET /api/manual-payments", "GET /api/payments"}
# POST and PUT that take no body at all.
BODILESS = {"POST /api/auth/logout", "POST /api/jobs/:id/retry"}
# Routes after whose success a token is good for nothing.
ENDS_TOKENS = {"POST /api/auth/logout"}
# What the payment gateway calls takes a form.
FORMS = {f"POST /api/payments/sslcommerz/{name}" for name in ("ipn", "success", "fail", "cancel")}
# Each POST: does it keep its reply for an Idempotency-Key (then test_idempotency.py shows it), or why not?
KEPT = "kept"
REPEATS = {
    "POST /api/auth/register": "nobody is signed in yet, the reply holds a token, and an email is taken once anyway",
    "POST /api/auth/login": "creates nothing",
    "POST /api/auth/logout": "creates nothing, and ends the token that could repeat it",
    "POST /api/gigs": KEPT,
    "POST /api/bookings": KEPT,
    "POST /api/reviews": KEPT,
    "POST /api/manual-payments": KEPT,
    "POST /api/payments/init": KEPT,
    "POST /api/payments/:id/refund": "one that is under way is not begun again",
    "POST /api/payments/:id/release": "what was released cannot be released again",
    **dict.fromkeys(FORMS, "nobody is signed in, and what was told before changes nothing"),
    "POST /api/jobs/:id/retry": "creates nothing: a job that is tried again already is in the wrong state for it",
    "POST /api/cache/invalidate": "creates nothing, and doing it twice does no more than once",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(str(tmp_path_factory.mktemp("refusals")), REDIS_URL="memory://")
    one.routes = [line.split() for line in subprocess.run([SERVER, "routes"], capture_output=True, text=True, check=True,
                                                          cwd=one.folder, env={"PATH": os.environ["PATH"]}).stdout.splitlines()]
    one.tokens = {role: sign_in(one, role) for role in ROLES}
    if "built without" in one.get("/dashboard").text:  # where there was no Node.js
        TABLE["GET /dashboard"] = (NONE, NONE, NONE, NONE)
    if "built without" in one.get("/docs").text:
        TABLE["GET /docs"] = (NONE, NONE, NONE, NONE)
    yield one
    assert one.stop() == 0


def sign_in(server, role):
    if role == "anonymous":
        return None
    return (server.sign_in_admin() if role == "admin" else server.register(role))["token"]


def ask(server, route, role, **kwargs):
    method, pattern = route.split()
    path = "/".join("0" * 24 if part.startswith(":") else part for part in pattern.split("/"))
    if method in ("POST", "PUT") and route not in BODILESS and not kwargs:
        kwargs = {"json": {}}
    # Events have no end.
    reply = server.request(method, path, server.tokens.get(role, role), stream=route == "GET /api/events", **kwargs)
    if route in ENDS_TOKENS and reply.status_code < 400:
        server.tokens[role] = sign_in(server, role)
    return reply


def outcome(reply):
    if reply.status_code < 400:
        reply.close()
        return str(reply.status_code)
    error = reply.json()["error"]
    assert reply.json()["success"] is False and error["message"] and error["requestId"] == reply.headers["X-Request-Id"]
    return f'{reply.status_code} {error["code"]}'


def allowed_roles(route):
    return [role for role, got in zip(ROLES, TABLE[route]) if got not in (SIGN_IN, NO)]


def test_table_has_every_route_of_the_server_and_no_other(server):
    routes = [f"{method} {pattern}" for method, pattern, _ in server.routes]
    assert len(routes) == len(set(routes)) >= 18
    lines = [f'    "{route}": {tuple(outcome(ask(server, route, role)) for role in ROLES)},'
             for route in routes if route not in TABLE]
    assert not lines, ("add to TABLE in tests/http/test_refusals_table.py, once you have checked that these are the"
                       " answers that each role should get:\n" + "\n".join(lines))
    lines = [f'    "{route}": KEPT,  # or why not' for route in routes if route.startswith("POST ") and route not in REPEATS]
    assert not lines, "add to REPEATS in tests/http/test_refusals_table.py:\n" + "\n".join(lines)
    gone = [route for route in {**TABLE, **REPEATS} if route not in routes]
    assert not gone, f"take out of tests/http/test_refusals_table.py, the server has no such route: {gone}"


def test_servers_own_word_of_who_may_call_agrees_with_the_table(server):
    for method, pattern, who in server.routes:
        expected = {"anyone": set(ROLES), "signed_in": set(ROLES) - {"anonymous"}}.get(who, {who})
        if f"{method} {pattern}" in TABLE and f"{method} {pattern}" not in FINER:
            assert set(allowed_roles(f"{method} {pattern}")) == expected, f"{method} {pattern}"


@pytest.mark.parametrize("route", TABLE)
def test_each_role_gets_what_the_table_says(server, route):
    got = tuple(outcome(ask(server, route, role)) for role in ROLES)
    assert got == TABLE[route]


@pytest.mark.parametrize("route", TABLE)
def test_bad_token_is_refused_on_every_route(server, route):
    for token in ("x", server.tokens["student"][:-3] + "abc", ""):
        reply = ask(server, route, None, headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                    data=b"{}")
        assert outcome(reply) == "401 unauthorized" and reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("route", [r for r in TABLE if r.split()[0] in ("POST", "PUT") and r not in BODILESS | FORMS])
def test_bad_bodies_are_refused_on_every_route_that_takes_one(server, route):
    typed = {"Content-Type": "application/json"}
    for role in allowed_roles(route):
        send = lambda data, headers=typed: outcome(ask(server, route, role, data=data, headers=headers))
        assert send(b"{}", {"Content-Type": "text/plain"}) == "415 unsupported_media_type"
        assert send(b"{}", {}) == "415 unsupported_media_type"
        for malformed in (b"{", b"[]", b"null", b'"{}"', b"{}{}", b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}",
                          b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"):
            assert send(malformed) == "400 malformed", malformed[:40]
        assert send(b'{"nobody-knows-this": 1}') == BAD
        assert send(b'{"a":"' + b"x" * 70_000 + b'"}') == "413 body_too_large"
    for role in set(ROLES) - set(allowed_roles(route)):  # who may not call it learns nothing about what it takes
        assert outcome(ask(server, route, role, data=b"{", headers={"Content-Type": "text/plain"})) in (SIGN_IN, NO)


@pytest.mark.parametrize("route", TABLE)
def test_other_methods_and_bad_ids_are_refused_on_every_path(server, route):
    method, pattern = route.split()
    reply = ask(server, f"PATCH {pattern}", "student")
    assert outcome(reply) == "405 method_not_allowed" and method in reply.headers["Allow"].split(", ")
    if ":id" in pattern:
        role = allowed_roles(route)[-1]
        for wrong in ("x", "0" * 23, "0" * 25, "G" * 24, "*", "%2e%2e", "0" * 24 + "%00"):
            got = outcome(ask(server, f"{method} {pattern.replace(':id', wrong)}", role))
            # What is wrong with the body may be said first.
            assert got in ((NONE, TABLE[route][ROLES.index(role)]) if "%00" not in wrong else ("400 malformed",)), wrong
