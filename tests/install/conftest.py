"""The examples as tools/test-install has built them: EXAMPLES/{static,shared,pkg-config}/NAME/…_example."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from fixtures import redis_server  # noqa: E402, F401: for the tests
