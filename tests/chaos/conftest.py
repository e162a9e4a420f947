"""What the tests of this folder begin with; and at the end their report, which is also in build/chaos-report.txt."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import run as runs  # noqa: E402
from cluster import Cluster  # noqa: E402
from fixtures import gateway, redis_server, start  # noqa: E402, F401: for the tests

REPORT = pathlib.Path(__file__).parent.parent.parent / "build" / "chaos-report.txt"


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Three nodes on one store file and one Redis, for all faults: each leaves them as the next needs them."""
    cluster = Cluster(tmp_path_factory.mktemp("chaos"))
    yield runs.Run(cluster)
    cluster.stop()


@pytest.fixture
def note():
    """Adds a line to the report."""
    return runs.notes.append


def pytest_terminal_summary(terminalreporter):
    lines = runs.report()
    if not lines:
        return
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n")
    for line in ["", *lines]:
        terminalreporter.write_line(line)
