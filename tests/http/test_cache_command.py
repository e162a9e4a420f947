"""bookings-server cache …, as a person in a terminal or a script calls it."""
import json
import os
import pty
import subprocess

import pytest
from conftest import SERVER, free_port, store_url

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


def directly(server, *arguments, **environment):
    """Beside the running server, without asking it."""
    env = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_stack_use_after_return=0", "STORE_URL": store_url(server.folder),
           "LOG_LEVEL": "off", **ADMIN, **environment}
    return subprocess.run([SERVER, "cache", *arguments, "--direct"], cwd=server.folder, env=env, capture_output=True, text=True, timeout=60)


def test_directly_what_lies_in_redis(server, student, redis_server):
    where = {"REDIS_URL": redis_server.url}
    told = json.loads(directly(server, "stats", "--json", **where).stdout)
    assert told["prefixes"]["bookings"] == {"entries": 1, "entryBytes": told["prefixes"]["bookings"]["entryBytes"], "generations": 1,
                                            "indexes": 1, "locks": 0}
    assert told["prefixes"]["bookings"]["entryBytes"] > 100 and told["prefixes"]["sessions"]["entries"] == 1
    table = directly(server, "stats", **where)
    assert table.returncode == 0 and "rows in the outbox" in table.stdout
    assert next(line for line in table.stdout.splitlines() if line.startswith("bookings ")).split()[1] == "1"
    lines = [json.loads(line) for line in directly(server, "keys", "bookings", "--json", **where).stdout.splitlines()]
    asked = [json.loads(line) for line in cache(server, "keys", "bookings", "--json").stdout.splitlines()]
    assert {each["key"] for each in lines} == {each["key"] for each in asked}
    assert {each["state"] for each in lines} == {"unknown"}
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT", "nobody was disturbed"


@pytest.mark.parametrize("without_redis", [False, True])
def test_directly_purged_is_purged_everywhere_and_in_the_trail(server, student, redis_server, without_redis):
    where = {} if without_redis else {"REDIS_URL": redis_server.url}
    other = server.register("student")
    server.get("/api/bookings", other["token"])
    one = directly(server, "purge", "bookings", "--user", student["id"], "--yes", **where)
    assert one.returncode == 0 and one.stdout == "Purged.\n", one.stderr
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "MISS"
    assert server.get("/api/bookings", other["token"]).headers["X-Cache"] == "HIT"
    assert directly(server, "purge", "bookings", "--yes", **where).returncode == 0
    assert server.get("/api/bookings", other["token"]).headers["X-Cache"] == "MISS"
    admin = server.sign_in_admin()
    noted = server.get("/api/trail", admin["token"]).json()["data"]
    assert [(each["actor"], each["subject"]["id"]) for each in noted[:2]] == [
        (admin["id"], "bookings"), (admin["id"], f"bookings:user:{student['id']}")]


def test_directly_wrong_things_are_told(server, redis_server):
    where = {"REDIS_URL": redis_server.url}
    assert "REDIS_URL" in directly(server, "stats").stderr
    assert directly(server, "keys", "a b", **where).returncode == 2
    assert directly(server, "purge", "a b", "--yes", **where).returncode == 2
    nobody = directly(server, "purge", "bookings", "--yes", ADMIN_EMAIL="nobody@example.com", **where)
    assert nobody.returncode == 2 and "no admin" in nobody.stderr
    away = directly(server, "stats", REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert away.returncode == 1 and "cannot use" in away.stderr
    both = cache(server, "stats", "--direct")
    assert both.returncode == 2 and "--server" in both.stderr
