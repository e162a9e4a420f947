"""The trail: who did what to what and when, for admins alone."""
import re

import pytest

from test_refusals import error


def purge(server, admin, **body):
    return server.post("/api/cache/invalidate", admin["token"], json=body)


def test_purge_is_kept_with_who_and_what_and_when(server):
    admin, student = server.sign_in_admin(), server.register("student")
    assert server.get("/api/trail", admin["token"]).json()["data"] == []
    assert purge(server, admin, prefix="bookings", userId=student["id"]).status_code == 200
    assert purge(server, admin, prefix="gigs").status_code == 200

    reply = server.get("/api/trail", admin["token"])
    assert "X-Cache" not in reply.headers
    newest, oldest = reply.json()["data"]
    assert re.fullmatch(r"[0-9a-f]{24}", newest["id"]) and newest["id"] != oldest["id"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", newest["at"])
    assert {k: newest[k] for k in ("actor", "action", "subject", "reason")} == {
        "actor": admin["id"], "action": "purge_cache", "subject": {"kind": "cache", "id": "gigs"}, "reason": None}
    assert oldest["subject"] == {"kind": "cache", "id": f"bookings:user:{student['id']}"}


def test_refused_purge_is_not_kept(server):
    admin, student = server.sign_in_admin(), server.register("student")
    error(purge(server, student, prefix="bookings"), 403, "forbidden")
    error(purge(server, admin, prefix="*"), 400, "invalid_field")
    error(purge(server, admin, prefix="bookings", userId="*"), 400, "invalid_field")
    assert server.get("/api/trail", admin["token"]).json()["total"] == 0


def test_pages_hold_each_entry_once(server):
    admin = server.sign_in_admin()
    for name in ("a", "b", "c"):
        assert purge(server, admin, prefix=name, userId="1").status_code == 200
    pages = [server.get(f"/api/trail?limit=2&page={page}", admin["token"]).json() for page in (1, 2, 3)]
    assert [[row["subject"]["id"][0] for row in page["data"]] for page in pages] == [["c", "b"], ["a"], []]
    assert [(page["count"], page["total"], page["limit"]) for page in pages] == [(2, 3, 2), (1, 3, 2), (0, 3, 2)]


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_others_may_not_read_it(server, role):
    error(server.get("/api/trail", server.register(role)["token"]), 403, "forbidden")
    error(server.get("/api/trail"), 401, "unauthorized")


@pytest.mark.parametrize("query", ["page=0", "limit=101", "page=x", "page=1&page=2"])
def test_wrong_pages_are_refused(server, query):
    error(server.get(f"/api/trail?{query}", server.sign_in_admin()["token"]), 400, "invalid_field")
