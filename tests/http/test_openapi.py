"""/openapi.json is what the server does: the same routes, for the same callers, with the same replies; and /docs shows it."""
import json
import re
import subprocess

import pytest
from conftest import SERVER
from described import Description


def printed():
    return json.loads(subprocess.run([SERVER, "openapi"], capture_output=True, text=True, check=True).stdout)


def who_of(operation):
    if {} in operation["security"]:
        return "anyone"
    roles = [role for each in operation["security"] for role in each["token"]]
    return " or ".join(roles) or "signed_in"


def test_document_has_the_routes_of_the_server_and_no_other(tmp_path):
    lines = subprocess.run([SERVER, "routes"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout.splitlines()
    described = [f"{method.upper()} {re.sub('{(.*?)}', ':' + chr(92) + '1', path)} {who_of(operation)}"
                 for path, item in printed()["paths"].items() for method, operation in item.items()
                 if method != "parameters" and not operation.get("x-only-in-demo")]
    assert sorted(described) == sorted(lines)


def test_command_prints_what_is_served_and_the_programs_version(server):
    document = printed()
    assert server.get("/openapi.json").json() == document and document["openapi"].startswith("3.1.")
    version = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    assert document["info"]["version"] == version


def test_operations_have_names_and_every_part_is_used():
    document = printed()
    operations = [each for item in document["paths"].values() for method, each in item.items() if method != "parameters"]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    text = json.dumps(document)
    for kind, parts in document["components"].items():
        for name in parts if kind != "securitySchemes" else ():
            assert f'"#/components/{kind}/{name}"' in text, f"{kind} {name} is used nowhere"


def test_files_are_given_packed_and_once(server):
    plain = server.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = server.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 4
    again = server.get("/openapi.json", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304 and not again.content


def test_page_runs_its_own_files_alone(server):
    page = server.get("/docs")
    if page.status_code == 404:
        assert "npm" in page.json()["error"]["fields"]["docs"]
        pytest.skip("built without npm")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "connect-src 'self';" in policy
    named = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text)
    assert named and all(each.startswith(("/docs/", "/openapi.json", "data:,")) for each in named)
    for each in named:
        if each.startswith("/"):
            assert server.get(each).status_code == 200, each
    assert server.get("/docs/nothing.js").status_code == 404


@pytest.fixture
def described(server):
    """Every reply that the server gives in a test is held against its description."""
    description = Description(printed())
    request = server.request
    server.request = lambda *arguments, **named: description.check(request(*arguments, **named))
    return description


def test_replies_of_the_main_flows_are_as_described(server, described):
    student, teacher, stranger, admin = (server.register("student"), server.register("teacher"), server.register("student"),
                                         server.sign_in_admin())
    gig = server.make_gig(teacher)
    path = f"/api/gigs/{gig['id']}"
    booking = server.book(student, gig).json()["data"]
    asked = [
        ("GET", "/api/auth/me", student, {}), ("GET", "/api/auth/me", None, {}),
        ("POST", "/api/auth/login", None, {"json": {"email": student["email"], "password": "wrong"}}),
        ("POST", "/api/auth/register", None, {"json": {"email": student["email"], "password": "long enough", "name": "A",
                                                       "role": "student"}}),
        ("POST", "/api/auth/register", None, {"json": {}}), ("POST", "/api/auth/register", None, {"data": b"{}"}),
        ("PUT", "/api/users/me", student, {"json": {"bio": "x", "city": "Dhaka"}}), ("GET", "/api/users/me/export", teacher, {}),
        *[("GET", "/api/gigs?subject=Mathematics&sort=price&limit=3", None, {})] * 2, ("GET", "/api/gigs?q=alg", None, {}),
        *[("GET", path, None, {})] * 2, ("GET", "/api/gigs/nothing", None, {}), ("GET", "/api/gigs?page=0", None, {}),
        ("PUT", path, teacher, {"json": {"price": 812.5}}), ("PUT", path, student, {"json": {}}), ("PUT", path, teacher, {"json": {"no": 1}}),
        ("POST", "/api/bookings", teacher, {"json": {}}),
        ("POST", "/api/bookings", student, {"json": {"gigId": gig["id"], "scheduledAt": "2020-01-01T00:00:00Z"}}),
        *[("GET", "/api/bookings?status=pending", student, {})] * 2, ("GET", f"/api/bookings/{booking['id']}", teacher, {}),
        ("GET", f"/api/bookings/{booking['id']}", stranger, {}),
        ("PUT", f"/api/bookings/{booking['id']}/status", student, {"json": {"status": "accepted"}}),
        ("PUT", f"/api/bookings/{booking['id']}/status", teacher, {"json": {"status": "accepted"}}),
        ("PUT", f"/api/bookings/{booking['id']}/status", teacher, {"json": {"status": "rejected"}}),
        ("POST", "/api/manual-payments", student, {"json": {"bookingId": booking["id"], "method": "bkash", "transactionId": "TX 1",
                                                            "amount": 1}}),
        ("POST", "/api/manual-payments", student, {"json": {"bookingId": booking["id"], "method": "bkash", "transactionId": "TX-12345",
                                                            "amount": 1}}),
        ("POST", "/api/manual-payments", student, {"json": {"bookingId": booking["id"], "method": "bkash", "transactionId": "TX-12345",
                                                            "amount": booking["price"]}}),
        ("POST", "/api/payments/init", student, {"json": {"bookingId": booking["id"]}}), ("GET", "/api/payments", student, {}),
        ("GET", "/api/payments", teacher, {}), ("GET", f"/api/payments/{'0' * 24}", student, {}),
        ("POST", "/api/payments/sslcommerz/ipn", None, {"data": {"tran_id": "x"}}),
        ("POST", "/api/payments/sslcommerz/success", None, {"data": {"tran_id": "x"}}),
        ("POST", "/api/payments/sslcommerz/fail", None, {"data": {"tran_id": "x"}}), ("POST", "/api/payments/sslcommerz/cancel", None, {}),
        ("PUT", f"/api/bookings/{booking['id']}/status", teacher, {"json": {"status": "completed"}}),
    ]
    for method, where, who, more in asked:
        server.request(method, where, who and who["token"], **more)
    made = server.get("/api/manual-payments", student["token"]).json()["data"][0]["id"]
    review = {"bookingId": booking["id"], "rating": 5, "comment": ""}
    for method, where, who, more in [
        ("GET", "/api/manual-payments", admin, {}), ("PUT", f"/api/manual-payments/{made}/verify", admin, {"json": {"reason": "seen"}}),
        ("PUT", f"/api/manual-payments/{made}/reject", admin, {}),
        ("POST", "/api/reviews", student, {"json": review, "headers": {"Idempotency-Key": "k"}}),
        ("POST", "/api/reviews", student, {"json": review, "headers": {"Idempotency-Key": "k"}}), ("POST", "/api/reviews", student, {"json": review}),
        *[("GET", f"/api/reviews?gigId={gig['id']}", None, {})] * 2, ("GET", "/api/reviews", None, {}),
        *[("GET", f"/api/users/{teacher['id']}", None, {})] * 2, ("GET", f"/api/users/{student['id']}", None, {}),
        ("PUT", f"/api/users/{stranger['id']}/block", admin, {"json": {"reason": "spam"}}), ("PUT", f"/api/users/{admin['id']}/block", admin, {}),
        ("POST", "/api/auth/login", None, {"json": {"email": stranger["email"], "password": "long enough"}}),
        ("PUT", f"/api/users/{stranger['id']}/unblock", admin, {}),
        ("PUT", f"/api/users/{stranger['id']}/password", admin, {"json": {"newPassword": "another one"}}),
        ("GET", "/api/users/me/export", student, {}), ("GET", "/api/trail", admin, {}), ("GET", "/api/trail", student, {}),
        ("GET", "/health", None, {}), ("GET", "/ready", None, {}), ("GET", "/metrics", None, {}), ("GET", "/api/cache/stats", admin, {}),
        ("GET", "/api/cache/keys?prefix=gigs", admin, {}), ("GET", "/api/jobs", admin, {}), ("GET", "/dashboard", None, {}), ("GET", "/docs", None, {}),
        ("GET", "/dashboard/nothing", None, {}), ("POST", "/api/jobs/1/retry", admin, {}),
        ("POST", "/api/cache/invalidate", admin, {"json": {"prefix": "gigs"}}), ("POST", "/api/cache/invalidate", admin, {"json": {"prefix": "a:b"}}),
        ("PUT", "/api/auth/password", student, {"json": {"currentPassword": "long enough", "newPassword": "long enough too"}}),
        ("DELETE", "/api/users/me", teacher, {"json": {"password": "long enough"}}), ("DELETE", path, teacher, {}),
        ("POST", "/api/auth/logout", admin, {}),
    ]:
        server.request(method, where, who and who["token"], **more)
    etag = server.get("/api/gigs").headers["ETag"]
    assert server.get("/api/gigs", headers={"If-None-Match": etag}).status_code == 304
    # What is described and was not met here, so that nobody takes this test for more than it is.
    succeeded = {operation for operation, status in described.seen if status < "300"}
    all_operations = {f"{method.upper()} {path}" for path, item in described.document["paths"].items() for method, each in item.items()
                      if method != "parameters" and not each.get("x-only-in-demo")}
    assert all_operations - succeeded - NOT_MET == set()


# They stream, want a gateway (test_payments.py), or something that this test has not got.
NOT_MET = {"GET /api/events", "POST /api/payments/init", "GET /api/payments/{id}", "POST /api/payments/{id}/refund",
           "POST /api/payments/{id}/release", "POST /api/payments/sslcommerz/ipn", "GET /dashboard/{file}", "GET /docs/{file}",
           "GET /openapi.json", "POST /api/jobs/{id}/retry", "PUT /api/manual-payments/{id}/reject", "GET /api/cache/entry", "DELETE /api/gigs/{id}", "GET /dashboard", "GET /docs"}
