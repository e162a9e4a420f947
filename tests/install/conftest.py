"""The examples as tools/test-install has built them: EXAMPLES/KIND/NAME/…_example, for the KINDS of linking."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from fixtures import redis_server  # noqa: E402, F401: for the tests
