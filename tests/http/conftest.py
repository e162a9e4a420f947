"""What the tests of this folder begin with: a Redis, and servers on one store file."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from processes import LIMIT, SERVER, Redis, Server, free_port, until  # noqa: E402, F401: for the tests


@pytest.fixture
def redis_server(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def other_redis(tmp_path):
    """For a node that sees another Redis than the rest."""
    folder = tmp_path / "other"
    folder.mkdir()
    server = Redis(folder)
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path):
    """Starts servers on one store file; stops them, and holds that each ended well."""
    servers = []

    def begin(**environment):
        servers.append(Server(str(tmp_path), **environment))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.returncode is None:
            assert server.stop() == 0, server.log()


@pytest.fixture
def server(start, redis_server):
    return start(REDIS_URL=redis_server.url).wait_caching()
