"""The fixtures of all tests from outside, and programs of Node.js."""
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
from fixtures import redis_server, start  # noqa: E402, F401: for the tests


@pytest.fixture
def node():
    """Runs one of this folder's programs, and returns the JSON that it prints."""

    def run(program, *arguments):
        done = subprocess.run(["node", HERE / program, *arguments], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run
