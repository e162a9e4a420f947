"""What the tests of this folder begin with: the fixtures of all tests from outside, and a server that caches."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from fixtures import gateway, needs_a_file, other_redis, redis_server, start  # noqa: E402, F401: for the tests
from processes import LIMIT, ON_MONGODB, SERVER, Redis, Server, free_port, mongodb, mongodb_port, store_url, store_url_through, until  # noqa: E402, F401: for the tests

# They are about that store alone, and need its driver.
collect_ignore_glob = [] if ON_MONGODB else ["test_mongodb_*.py"]


@pytest.fixture
def server(start, redis_server):
    return start(REDIS_URL=redis_server.url).wait_caching()
