"""What tests from outside begin with: a Redis, another one, and servers on one store file."""
import pytest

from gateway import Gateway
from processes import ON_MONGODB, Redis, Server, drop_store

# For tests that look into the store's file, or are about it.
needs_a_file = pytest.mark.skipif(ON_MONGODB, reason="is about a store in a file")


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
def gateway():
    """An emulated payment gateway: start(**gateway.environment(free_port())) uses it."""
    emulated = Gateway()
    yield emulated
    emulated.stop()


@pytest.fixture
def start(tmp_path):
    """Starts servers on one store file; stops them, and holds that each ended well."""
    servers = []

    def begin(*arguments, **environment):
        servers.append(Server(str(tmp_path), *arguments, **environment))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.returncode is None:
            assert server.stop() == 0, server.log()
    drop_store(tmp_path)
