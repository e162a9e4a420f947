"""Each example does on a real Redis what its first lines say, however it was linked."""
import contextlib
import os
import pathlib
import sqlite3
import subprocess
import threading

import pytest
import requests

from processes import LIMIT, free_port, until

HOME = pathlib.Path(os.environ["EXAMPLES"])


def linked(name):
    """Every program that was built of an example."""
    return [pytest.param(path, id=path.parent.parent.name) for path in sorted(HOME.glob(f"*/{name}/*_example"))]


def test_all_kinds_of_linking_are_here():
    kinds = {path.parent.parent.name for path in HOME.glob("*/*/*_example")}
    assert kinds == set(os.environ["KINDS"].split())


@pytest.mark.parametrize("program", linked("function"))
def test_function_is_run_again_only_after_its_invalidation(program, redis_server):
    done = subprocess.run([program, str(redis_server.port)], capture_output=True, text=True, timeout=LIMIT)
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (["MISS 3", "HIT 3", "MISS 2"], "", 0)
    assert redis_server.client.keys("stock:id:tea:*")


@pytest.mark.parametrize("program", linked("function"))
def test_function_without_redis_is_run_each_time(program):
    done = subprocess.run([program, str(free_port())], capture_output=True, text=True, timeout=LIMIT)
    assert (done.stdout.splitlines(), done.returncode) == (["BYPASS 3", "BYPASS 3", "BYPASS 2"], 0)


@pytest.mark.parametrize("program", linked("queue"))
def test_queue_runs_a_job_and_returns_what_came_of_it(program, redis_server):
    done = subprocess.run([program, str(redis_server.port)], capture_output=True, text=True, timeout=LIMIT)
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (["welcome for a@example.com", '{"sent":true}'], "", 0)
    assert redis_server.client.zcard("bull:emails:completed") == 1


def stock(program, file, redis, *words):
    return subprocess.run([program, file, str(redis.port), *words], capture_output=True, text=True, timeout=LIMIT)


@pytest.mark.parametrize("program", linked("sqlite-log"))
def test_sqlite_log_invalidates_for_the_processes_after_it(program, redis_server, tmp_path):
    assert stock(program, tmp_path / "stock.db", redis_server, "set", "tea", "3").returncode == 0
    for expected in ("MISS 3", "HIT 3"):
        assert stock(program, tmp_path / "stock.db", redis_server, "get", "tea").stdout == expected + "\n"
    done = stock(program, tmp_path / "stock.db", redis_server, "set", "tea", "2")
    assert (done.returncode, done.stderr) == (0, "")
    for expected in ("MISS 2", "HIT 2"):
        assert stock(program, tmp_path / "stock.db", redis_server, "get", "tea").stdout == expected + "\n"


@pytest.mark.parametrize("program", linked("sqlite-log"))
def test_sqlite_log_repeats_what_a_process_died_before_invalidating(program, redis_server, tmp_path):
    file = tmp_path / "stock.db"
    assert stock(program, file, redis_server, "set", "tea", "3").returncode == 0
    for expected in ("MISS 3", "HIT 3"):
        assert stock(program, file, redis_server, "get", "tea").stdout == expected + "\n"
    assert stock(program, file, redis_server, "crash", "tea", "2").returncode == 1
    assert redis_server.client.exists("stock:id:tea:gen")  # the old entry is still valid by what Redis knows
    assert stock(program, file, redis_server, "get", "tea").stdout == "MISS 2\n"
    with contextlib.closing(sqlite3.connect(file)) as data:
        assert data.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@pytest.mark.parametrize("program", linked("sqlite-log"))
def test_sqlite_log_that_cannot_be_read_is_a_bypass(program, redis_server, tmp_path):
    file = tmp_path / "stock.db"
    assert stock(program, file, redis_server, "set", "tea", "3").returncode == 0
    with contextlib.closing(sqlite3.connect(file)) as data:
        data.execute("DROP TABLE identities")
        data.execute("CREATE TABLE identities (other TEXT)")
    assert stock(program, file, redis_server, "get", "tea").stdout == "BYPASS 3\n"


@pytest.mark.parametrize("program", linked("sqlite-log"))
def test_sqlite_log_has_its_own_exception_back_through_the_library(program, redis_server, tmp_path):
    file = tmp_path / "stock.db"
    with contextlib.closing(sqlite3.connect(file)) as data:
        data.execute("CREATE TABLE stock (other TEXT)")
    done = stock(program, file, redis_server, "get", "tea")
    assert (done.stdout, done.stderr, done.returncode) == ("", "sqlite_log_example: SQL logic error\n", 1)


class Program:
    """A server of an example, stopped as a service manager would."""

    def __init__(self, program, redis):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([program, str(port), str(redis.port)], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == self.url + "\n"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert status == 0

    def get(self, path, **headers):
        reply = requests.get(self.url + path, headers=headers, timeout=LIMIT)
        return reply.headers.get("X-Cache"), reply.status_code, reply.text

    def wait_caching(self, path):
        until(lambda: self.get(path)[0] != "BYPASS", "the cache to be in use")


@pytest.mark.parametrize("program", linked("beast"))
def test_beast_serves_from_redis_until_the_note_changes(program, redis_server):
    with Program(program, redis_server) as server:
        server.wait_caching("/else")
        assert requests.put(server.url + "/shopping", data="tea", timeout=LIMIT).status_code == 204
        assert server.get("/shopping") == ("MISS", 200, "tea")
        assert server.get("/shopping") == ("HIT", 200, "tea")
        assert requests.put(server.url + "/shopping", data="milk", timeout=LIMIT).status_code == 204
        assert server.get("/shopping") == ("MISS", 200, "milk")
        assert server.get("/shopping") == ("HIT", 200, "milk")
        assert server.get("/nothing")[1] == 404
        assert server.get("/no:name")[1] == 400


def add_note(server, tag, text):
    reply = requests.post(f"{server.url}/notes?tag={tag}", data=text, headers={"Content-Type": "text/plain"}, timeout=LIMIT)
    assert reply.status_code == 201


@pytest.mark.parametrize("program", linked("cpp-httplib"))
def test_httplib_serves_each_query_from_redis_until_a_note_is_added(program, redis_server):
    with Program(program, redis_server) as server:
        server.wait_caching("/notes?tag=none")
        add_note(server, "home", "tea")
        assert server.get("/notes") == ("MISS", 200, "tea\n")
        assert server.get("/notes") == ("HIT", 200, "tea\n")
        assert server.get("/notes?other=1") == ("HIT", 200, "tea\n")
        assert server.get("/notes?tag=work") == ("MISS", 200, "")
        add_note(server, "work", "report")
        assert server.get("/notes") == ("MISS", 200, "tea\nreport\n")
        assert server.get("/notes?tag=work") == ("MISS", 200, "report\n")
        assert server.get("/notes?tag=work") == ("HIT", 200, "report\n")


@pytest.mark.parametrize("program", linked("cpp-httplib"))
def test_httplib_answers_304_to_who_has_the_reply_already(program, redis_server):
    with Program(program, redis_server) as server:
        server.wait_caching("/notes")
        add_note(server, "home", "tea")
        tag = requests.get(server.url + "/notes", timeout=LIMIT).headers["ETag"]
        reply = requests.get(server.url + "/notes", headers={"If-None-Match": tag}, timeout=LIMIT)
        assert (reply.status_code, reply.content, reply.headers["X-Cache"]) == (304, b"", "HIT")


@pytest.mark.parametrize("program", linked("cpp-httplib"))
def test_httplib_readers_never_miss_what_a_writer_was_told_is_written(program, redis_server):
    with Program(program, redis_server) as server:
        server.wait_caching("/notes")
        stale, ended, acknowledged = [], threading.Event(), [0]

        def read():
            while not ended.is_set():
                at_least = acknowledged[0]
                seen = server.get("/notes")[2].count("\n")
                if seen < at_least:
                    stale.append((seen, at_least))

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(40):
            add_note(server, "home", str(number))
            acknowledged[0] = number + 1
        ended.set()
        for reader in readers:
            reader.join(LIMIT)
        assert stale == []
        assert server.get("/notes")[2].count("\n") == 40


@pytest.mark.parametrize("program", linked("cpp-httplib"))
def test_httplib_goes_on_without_redis(program, redis_server):
    with Program(program, redis_server) as server:
        server.wait_caching("/notes")
        redis_server.kill()
        until(lambda: server.get("/notes")[0] == "BYPASS", "the cache to be bypassed")
        add_note(server, "home", "tea")
        assert server.get("/notes") == ("BYPASS", 200, "tea\n")
