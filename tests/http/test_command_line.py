"""The command line as people meet it: help, near misses, completions in real shells, the manual page, seed and its sizes."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

from conftest import SERVER, needs_a_file, until

PROGRAM = os.path.abspath(SERVER)
COMMANDS = ["serve", "worker", "seed", "copy", "doctor", "backup", "restore", "openapi", "cache", "completions", "man"]


def run(*arguments, **options):
    # A process that was killed leaves its driver's shared memory under its pid, of which the next one with that pid warns.
    environment = {**options.pop("env", os.environ), "MONGOC_DISABLE_SHM": "1"}
    return subprocess.run([PROGRAM, *arguments], text=True, capture_output=True, timeout=120, env=environment, **options)


@pytest.fixture
def script(tmp_path):
    def write(shell):
        made = run("completions", shell)
        assert (made.returncode, made.stderr) == (0, "")
        (tmp_path / shell).write_text(made.stdout)
        return tmp_path / shell
    return write


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("command", [[], *([each] for each in COMMANDS), *(["cache", each] for each in ("stats", "keys", "purge"))])
def test_each_command_has_a_help(command):
    told = run(*command, "--help")
    assert told.returncode == 0 and told.stderr == ""
    assert "Usage: bookings-server" in told.stdout and ("Exit status" in told.stdout or command[0] in ("completions", "man"))


@pytest.mark.parametrize("arguments, meant", [(["cach"], "cache"), (["serve", "--prot", "1"], "--port"), (["seed", "--sise=large"], "--size"),
                                              (["cache", "stat"], "stats"), (["cache", "keys", "gigs", "--sever", "x"], "--server")])
def test_near_miss_is_told_with_status_two(arguments, meant):
    told = run(*arguments)
    assert (told.returncode, told.stdout) == (2, "") and f"Did you mean {meant}?" in told.stderr, told.stderr


def test_far_miss_gets_no_suggestion():
    told = run("seed", "--velocity")
    assert told.returncode == 2 and "unknown option --velocity" in told.stderr and "Did you mean" not in told.stderr


LINES = [("bookings-server cache ", ["keys", "purge", "stats"]), ("bookings-server seed --size ", ["large", "medium", "small"]),
         ("bookings-server --port 80 cache pu", ["purge"]), ("bookings-server --log-level w", ["warn"]),
         ("bookings-server completions ", ["bash", "fish", "zsh"]), ("bookings-server cache purge bookings --ye", ["--yes"]),
         ("bookings-server openapi --po", []), ("bookings-server seed --stud", ["--students"]), ("bookings-server ", sorted(COMMANDS))]


@pytest.mark.parametrize("line, expected", LINES)
def test_bash_completes(script, line, expected):
    ask = f"""source {script("bash")}; complete -p bookings-server >/dev/null || exit 1
COMP_WORDS=({" ".join(line.split(" ")[:-1])} "{line.split(" ")[-1]}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _bookings_server
printf '%s\\n' "${{COMPREPLY[@]}}" """
    told = subprocess.run(["bash", "--norc", "-c", ask], text=True, capture_output=True, timeout=30)
    assert (told.returncode, told.stderr) == (0, "") and sorted(told.stdout.split()) == expected


def test_bash_completes_values_behind_an_equals_sign_and_files(script, tmp_path):
    (tmp_path / "a copy.db").touch()
    ask = f"""source {script("bash")}; COMP_WORDS=(bookings-server seed --size = m); COMP_CWORD=4; _bookings_server; echo "${{COMPREPLY[*]}}"
COMP_WORDS=(bookings-server restore "a"); COMP_CWORD=2; _bookings_server; echo "${{COMPREPLY[*]}}" """
    told = subprocess.run(["bash", "--norc", "-c", ask], text=True, capture_output=True, cwd=tmp_path, timeout=30)
    assert told.stdout.splitlines() == ["medium", "a copy.db"], told.stderr


@pytest.mark.parametrize("line, expected", LINES)
def test_fish_completes(script, line, expected, tmp_path):
    need("fish")
    told = subprocess.run(["fish", "--no-config", "-c", f'source {script("fish")}; complete -C "{line}"'], text=True, capture_output=True,
                          cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, timeout=30)
    assert (told.returncode, told.stderr) == (0, "")
    assert sorted(each.split("\t")[0] for each in told.stdout.splitlines()) == expected


def test_zsh_completes(script, tmp_path):
    need("zsh")
    path = script("zsh")
    assert subprocess.run(["zsh", "-n", path], timeout=30).returncode == 0
    # What the widget is given, without a terminal: compsys' own calls are recorded.
    ask = f"""compdef() {{ }}; compadd() {{ print -l -- "${{(@)@:#--}}" }}; compset() {{ }}
_describe() {{ local name; for name in "$@"; do [[ $name == (commands|options|settings) ]] && print -l -- ${{(P)name%%:*}}; done }}
source {path}
ask() {{ words=("$@"); CURRENT=$#words; PREFIX=$words[-1]; _bookings_server; print -- . }}
ask bookings-server cache ''; ask bookings-server seed --size ''; ask bookings-server --port 80 completions ''; ask bookings-server openapi --"""
    told = subprocess.run(["zsh", "-f", "-c", ask], text=True, capture_output=True, timeout=30)
    assert told.stderr == ""
    assert [sorted(set(each.split())) for each in told.stdout.split("\n.\n")[:4]] == [
        ["keys", "purge", "stats"], ["large", "medium", "small"], ["bash", "fish", "zsh"], ["--help"]], told.stdout


def test_zsh_completes_at_a_prompt(script, tmp_path):
    need("zsh")
    ask = f"""zmodload zsh/zpty; zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -U compinit; compinit -u -D; source {script("zsh")}; stty cols 200; echo REA''DY"
zpty -r -m shell out '*READY*' || exit 1
zpty -w -n shell $'bookings-server cache pu\\t --y\\t'
zpty -r -m shell out '*purge*--yes*' && print -- completed
zpty -d shell"""
    told = subprocess.run(["zsh", "-f", "-c", ask], text=True, capture_output=True, env={**os.environ, "TERM": "dumb"}, timeout=60)
    assert told.stdout == "completed\n", told.stderr


def test_manual_page_is_well_formed_and_has_everything(tmp_path):
    page = tmp_path / "bookings-server.1"
    page.write_text(run("man").stdout)
    text = page.read_text().replace("\\-", "-")
    for name in [*COMMANDS, "--redis-url", "REDIS_URL", "--students", "EXIT STATUS", "SSLCOMMERZ_STORE_ID"]:
        assert name in text, name
    if shutil.which("groff"):
        told = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], text=True, capture_output=True, timeout=30)
        assert (told.returncode, told.stderr) == (0, "")
    if shutil.which("man"):
        told = subprocess.run(["man", "--warnings", "-l", page], text=True, capture_output=True, timeout=30,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
        assert (told.returncode, told.stderr) == (0, "") and "bookings-server cache purge" in told.stdout
    if shutil.which("mandoc"):
        assert subprocess.run(["mandoc", "-Tlint", "-W", "error", page], timeout=30).returncode == 0


# seed ----------------------------------------------------------------------------------------------------------------


def counted(path):
    with sqlite3.connect(path) as store:
        return {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("users", "gigs", "bookings", "reviews", "outbox")}


@needs_a_file
def test_seed_takes_numbers_and_says_them(tmp_path):
    numbers = ["--students", "40", "--teachers", "30", "--gigs", "100", "--bookings", "2500", "--json"]
    told = run("seed", *numbers, cwd=tmp_path)
    made = json.loads(told.stdout)
    assert told.returncode == 0 and made["seeded"] and (made["users"], made["gigs"]) == (71, 100)
    found = counted(tmp_path / "data/bookings.db")
    assert (found["bookings"], found["reviews"]) == (made["bookings"], made["reviews"]) and found["bookings"] > 2400
    with sqlite3.connect(tmp_path / "data/bookings.db") as store:
        assert store.execute("SELECT count(DISTINCT teacher_id) FROM gigs").fetchone()[0] == 30
        overlaps = """SELECT count(*) FROM bookings a JOIN bookings b ON a.{0} = b.{0} AND a.id < b.id
          WHERE a.status IN ('accepted', 'completed') AND b.status IN ('accepted', 'completed')
          AND a.scheduled_at < b.scheduled_at + b.duration_minutes * 60000 AND b.scheduled_at < a.scheduled_at + a.duration_minutes * 60000"""
        assert [store.execute(overlaps.format(party)).fetchone()[0] for party in ("teacher_id", "student_id")] == [0, 0]
    again = run("seed", "--size", "large", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "There is data already: nothing was seeded.\n")
    assert counted(tmp_path / "data/bookings.db") == found


@pytest.mark.parametrize("arguments, why", [(["--students", "0"], "--students"), (["--bookings", "1000000000"], "--bookings"),
                                            (["--size", "huge"], "--size"), (["--bookings", "100000"], "too many"), (["--gigs", "x"], "--gigs")])
def test_seed_refuses_wrong_numbers(tmp_path, arguments, why):
    told = run("seed", *arguments, cwd=tmp_path)
    assert told.returncode == 2 and why in told.stderr and told.stdout == "", told.stderr
    assert not (tmp_path / "data").exists()


@needs_a_file
def test_interrupted_seed_leaves_whole_things(tmp_path):
    store = tmp_path / "data/bookings.db"
    seeding = subprocess.Popen([PROGRAM, "seed", "--size", "large"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def has_bookings():
        try:
            return store.exists() and counted(store)["bookings"] > 0
        except sqlite3.OperationalError:  # its tables are being made
            return False
    until(has_bookings, "the first bookings")
    seeding.send_signal(signal.SIGINT)
    said, complained = seeding.communicate(timeout=60)
    assert seeding.returncode == 1 and "interrupted" in complained
    found = counted(store)
    assert f"{found['users']} users, {found['gigs']} gigs, {found['bookings']} bookings, {found['reviews']} reviews" in said
    assert 0 < found["bookings"] < 1_000_000
    with sqlite3.connect(store) as on:
        assert on.execute("PRAGMA integrity_check").fetchone()[0] == "ok" and not on.execute("PRAGMA foreign_key_check").fetchall()


@needs_a_file
def test_seed_beside_a_running_server_leaves_no_stale_list(start, redis_server):
    server = start(REDIS_URL=redis_server.url).wait_caching()
    read = lambda: (lambda reply: (reply.headers["X-Cache"], reply.json()["total"]))(server.get("/api/gigs"))
    assert [read() for _ in range(2)] == [("MISS", 0), ("HIT", 0)]
    told = run("seed", cwd=server.folder, env={**os.environ, "STORE_URL": f"sqlite:{server.folder}/bookings.db"})
    assert told.returncode == 0, told.stderr
    assert read() == ("MISS", 60) and read() == ("HIT", 60)
