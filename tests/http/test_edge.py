"""What stands between us and the open internet: proxies, browsers, security headers."""
import pytest
import requests

APP = "https://app.example"
SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


@pytest.fixture
def open_to_app(start, redis_server):
    return start(REDIS_URL=redis_server.url, CORS_ORIGINS=f"{APP}, http://localhost:3000",
                 TRUSTED_PROXIES="127.0.0.1").wait_caching()


def cors_of(reply):
    return {name for name in reply.headers if name.lower().startswith("access-control-")}


def test_preflight_names_the_methods_of_its_path(open_to_app):
    ask = lambda path, **headers: open_to_app.request("OPTIONS", path, headers={
        "Origin": APP, "Access-Control-Request-Method": "PUT", **headers})
    reply = ask("/api/gigs/" + "0" * 24)
    assert reply.status_code == 204 and reply.content == b"" and "Content-Length" not in reply.headers
    assert reply.headers["Access-Control-Allow-Origin"] == APP
    assert reply.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, PUT"
    allowed = reply.headers["Access-Control-Allow-Headers"]
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-Id"):
        assert name in allowed
    assert int(reply.headers["Access-Control-Max-Age"]) > 0 and reply.headers["Vary"] == "Origin"
    assert ask("/api/bookings").headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"  # nobody is asked for a token
    assert ask("/api/nothing").status_code == 404


def test_preflight_of_another_origin_is_refused_without_a_word_of_cors(open_to_app):
    for origin in ("https://other.example", "null", APP + ".evil", APP + ":443", ""):
        reply = open_to_app.request("OPTIONS", "/api/gigs", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert reply.status_code == 405 and not cors_of(reply) and reply.headers["Vary"] == "Origin", origin


def test_replies_vary_by_origin_and_name_only_who_may_call(open_to_app):
    student = open_to_app.register("student")
    for wanted in ("MISS", "HIT", "HIT"):
        reply = open_to_app.get("/api/bookings", student["token"], headers={"Origin": APP})
        assert reply.headers["X-Cache"] == wanted
        assert reply.headers["Access-Control-Allow-Origin"] == APP
        assert reply.headers["Vary"] == "Authorization, Accept-Encoding, Origin"
        assert "X-Cache" in reply.headers["Access-Control-Expose-Headers"]
    for headers in ({}, {"Origin": "https://other.example"}):
        reply = open_to_app.get("/api/bookings", student["token"], headers=headers)
        assert reply.status_code == 200 and not cors_of(reply) and reply.headers["Vary"] == "Authorization, Accept-Encoding, Origin"
    same = open_to_app.get("/api/bookings", student["token"], headers={"Origin": APP, "If-None-Match": reply.headers["ETag"]})
    assert same.status_code == 304 and same.headers["Access-Control-Allow-Origin"] == APP


def test_refusals_are_readable_by_the_page_too(open_to_app):
    long = {"Origin": APP, "Content-Type": "application/json"}
    for reply in (open_to_app.get("/api/bookings", headers={"Origin": APP}),
                  open_to_app.get("/api/nothing", headers={"Origin": APP}),
                  open_to_app.post("/api/auth/login", data=b"x" * 70000, headers=long)):
        assert reply.status_code in (401, 404, 413) and reply.headers["Access-Control-Allow-Origin"] == APP


def test_security_headers_are_on_every_reply(open_to_app):
    student = open_to_app.register("student")
    replies = [open_to_app.get(path, student["token"]) for path in ("/api/bookings", "/api/bookings", "/api/auth/me", "/health",
                                                                    "/api/nothing", "/api/gigs?" + "a" * 9000)]
    assert [r.status_code for r in replies] == [200, 200, 200, 200, 404, 414]
    for reply in replies:
        assert {name: reply.headers.get(name) for name in SECURITY} == SECURITY, reply.url
        assert "Strict-Transport-Security" not in reply.headers
    assert [r.headers["Cache-Control"] for r in replies] == ["private, no-cache"] * 2 + ["no-store"] * 4


def test_tls_is_made_strict_where_a_trusted_proxy_speaks_it(open_to_app, start):
    strict = lambda server, proto: server.get("/health", headers={"X-Forwarded-Proto": proto}).headers.get("Strict-Transport-Security")
    assert strict(open_to_app, "https").startswith("max-age=") and strict(open_to_app, "http") is None
    assert strict(start(), "https") is None
