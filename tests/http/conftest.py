"""What the tests of this folder begin with: the fixtures of all tests from outside, and a server that caches."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from fixtures import gateway, needs_a_file, other_redis, redis_server, start  # noqa: E402, F401: for the tests
from processes import LIMIT, ON_MONGODB, SERVER, Redis, Server, free_port, mongodb, mongodb_port, store_url, store_url_through, until  # noqa: E402, F401: for the tests

# About the process, its command line, its sockets or Redis: the store has no part in it, and one run is enough.
WHATEVER_THE_STORE = ["test_command_line.py", "test_compression.py", "test_gateway_emulator.py", "test_io_threads.py", "test_limits.py",
                      "test_managed_services.py", "test_monitoring.py", "test_redis_*.py", "test_service_manager.py", "test_tracing.py",
                      "test_wrong_configuration.py"]
# The others are about MongoDB alone, and need its driver.
collect_ignore_glob = WHATEVER_THE_STORE if ON_MONGODB else ["test_mongodb_*.py"]


@pytest.fixture
def server(start, redis_server):
    return start(REDIS_URL=redis_server.url).wait_caching()
