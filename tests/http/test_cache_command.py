"""bookings-server cache …, as a person in a terminal or a script calls it."""
import json
import os
import pty
import subprocess

import pytest
from conftest import SERVER, free_port

ADMIN = {"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "admin-password"}


def cache(server, *arguments, text=None, **environment):
    env = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_stack_use_after_return=0", **ADMIN, **environment}
    return subprocess.run([SERVER, "cache", *arguments, "--server", server.url], cwd=server.folder, env=env, input=text,
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def student(server):
    one = server.register("student")
    for _ in range(3):
        server.get("/api/bookings", one["token"])
    return one


def test_stats_as_a_table_and_as_json(server, student):
    table = cache(server, "stats")
    assert table.returncode == 0 and "Cache in use, backend connected" in table.stdout
    line = next(line for line in table.stdout.splitlines() if line.startswith("bookings "))
    assert line.split()[1:4] == ["66.7%", "2", "1"]
    told = json.loads(cache(server, "stats", "--json").stdout)
    assert told["prefixes"]["bookings"]["hits"] == 2


def test_watch_goes_on_until_it_is_interrupted(server):
    process = subprocess.Popen([SERVER, "cache", "stats", "--watch", "--json", "--server", server.url], cwd=server.folder,
                               env={"PATH": os.environ["PATH"], **ADMIN}, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert all(line["available"] for line in lines)
    process.terminate()
    assert process.wait(30) != 0


def test_keys_of_a_prefix_and_of_a_scope(server, student):
    shown = cache(server, "keys", "bookings")
    assert shown.returncode == 0
    assert f"bookings:user:{student['id']}:role:student:query:{{}}" in shown.stdout
    lines = cache(server, "keys", f"bookings:user:{student['id']}", "--json").stdout.splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"entry", "generation", "index"}


def test_purge_of_one_user_and_of_all(server, student):
    other = server.register("student")
    server.get("/api/bookings", other["token"])
    assert cache(server, "purge", "bookings", "--user", student["id"], "--yes").returncode == 0
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "MISS"
    assert server.get("/api/bookings", other["token"]).headers["X-Cache"] == "HIT"
    assert cache(server, "purge", "bookings", "--yes").stdout == "Purged.\n"
    assert server.get("/api/bookings", other["token"]).headers["X-Cache"] == "MISS"


@pytest.mark.parametrize("answer, status, after", [("n\n", 1, "HIT"), ("\n", 1, "HIT"), ("y\n", 0, "MISS")])
def test_purge_asks_a_person(server, student, answer, status, after):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([SERVER, "cache", "purge", "bookings", "--server", server.url], cwd=server.folder, stdin=theirs,
                               env={"PATH": os.environ["PATH"], **ADMIN}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    os.write(ours, answer.encode())
    assert process.wait(30) == status
    assert "Purge all bookings?" in process.stderr.read()
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == after
    os.close(ours)
    os.close(theirs)


def test_purge_without_anybody_to_ask_is_wrong_usage(server, student):
    refused = cache(server, "purge", "bookings", text="y\n")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"


def test_token_from_a_file_and_from_the_standard_input(server, student):
    token = server.sign_in_admin()["token"]
    path = os.path.join(server.folder, "token")
    with open(path, "w") as file:
        file.write(token + "\n")
    nobody = {"ADMIN_EMAIL": "", "ADMIN_PASSWORD": ""}
    assert cache(server, "stats", "--token-file", path, **nobody).returncode == 0
    assert cache(server, "stats", "--token-file", "-", text=token, **nobody).returncode == 0
    students = cache(server, "stats", "--token-file", "-", text=student["token"], **nobody)
    assert students.returncode == 1 and "You may not do this" in students.stderr and student["token"] not in students.stderr


def test_failures_have_their_status(server):
    assert cache(server, "stats", ADMIN_EMAIL="", ADMIN_PASSWORD="").returncode == 2
    assert cache(server, "keys", "*").returncode == 2
    wrong = cache(server, "stats", ADMIN_PASSWORD="wrong-password")
    assert wrong.returncode == 1 and "wrong-password" not in wrong.stderr
    away = subprocess.run([SERVER, "cache", "stats", "--server", f"http://127.0.0.1:{free_port()}"], cwd=server.folder,
                          env={"PATH": os.environ["PATH"], **ADMIN}, capture_output=True, text=True, timeout=60)
    assert away.returncode == 1 and "cannot reach" in away.stderr
