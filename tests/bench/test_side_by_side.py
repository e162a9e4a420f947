"""What decides whether a turn counts, and what a process has used."""
import os
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent))
from bench.http.candidates import Wrong  # noqa: E402
from bench.http.side_by_side import TRIES, Turns  # noqa: E402
from bench.support import machine  # noqa: E402


def test_turn_that_does_not_count_is_done_again_and_told():
    turns, outcomes = Turns(), iter([Wrong("one read of the origin"), 7])

    def turn(candidate):
        outcome = next(outcomes)
        if isinstance(outcome, Wrong):
            raise outcome
        return candidate, outcome

    assert turns.count(turn, "ours") == ("ours", 7)
    assert turns.not_counted == ["one read of the origin"]


def test_turn_that_never_counts_ends_the_run():
    turns = Turns()

    def turn():
        raise Wrong("no hit")

    with pytest.raises(SystemExit, match="no hit"):
        turns.count(turn)
    assert len(turns.not_counted) == TRIES


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_cpu_seconds_is_what_the_process_used():
    before = machine.cpu_seconds(os.getpid())
    burn(0.1)
    assert 0.1 <= machine.cpu_seconds(os.getpid()) - before < 0.2


def test_cpu_seconds_counts_what_a_child_uses():
    # A parent that only waits, as nginx' and Varnish's do; the child burns, says so, and stays.
    child = ("import time\nend = time.process_time() + 0.1\nwhile time.process_time() < end: pass\n"
             "print('burnt', flush=True)\ninput()")
    parent = subprocess.Popen(["/bin/sh", "-c", 'exec 3<&0; "$0" -c "$1" <&3 & wait', sys.executable, child], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline() == b"burnt\n"
        assert len(machine.tree(parent.pid)) == 2
        assert machine.cpu_seconds(parent.pid) >= 0.1
    finally:
        parent.stdin.write(b"\n")
        parent.stdin.close()
        parent.wait(timeout=10)
        parent.stdout.close()
