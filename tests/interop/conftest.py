"""A Redis for all tests, a queue of its own for each, and programs that add and work on jobs."""
import itertools
import os
import pathlib
import sys
import uuid

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
from peers import OURS, Program, command_of  # noqa: E402
from processes import Redis  # noqa: E402

# Who adds and who works. Node to Node holds the tests themselves against what they are about.
PAIRS = [("node", "ours"), ("ours", "node"), ("ours", "ours"), ("node", "node")]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"), "--maxmemory-policy", "noeviction")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def standing(redis_server, tmp_path_factory):
    """One program of each kind for the whole run, since Node takes its time to start: adds, asks and acts."""
    folder, started = tmp_path_factory.mktemp("standing"), {}

    def get(kind):
        if kind not in started:
            started[kind] = Program(command_of(kind, redis_server.port), folder / f"{kind}.log")
        return started[kind]

    yield get
    for each in started.values():
        each.stop()


@pytest.fixture
def start(redis_server, tmp_path):
    """Starts programs for one test: start("node") or start("ours")."""
    numbers, started = itertools.count(), []

    def begin(kind, *arguments):
        started.append(Program(command_of(kind, redis_server.port, *arguments), tmp_path / f"{kind}-{next(numbers)}.log"))
        return started[-1]

    yield begin
    failed = []
    for each in started:
        try:
            each.stop()
        except AssertionError as error:
            failed.append(error)
    assert not failed, failed


@pytest.fixture
def queue():
    return f"q{uuid.uuid4().hex[:8]}"


class Bench:
    """A queue with who adds to it and who works on it."""

    def __init__(self, standing, queue, adds, works, redis):
        self.adds, self.works, self.queue, self.redis = standing(adds), standing(works), queue, redis
        self.node, self.kinds = standing("node"), (adds, works)

    def add(self, name="n", data=None, **options):
        return self.adds.ask("add", queue=self.queue, name=name, data=data or {}, options=options)

    def work(self, **options):
        self.works.ask("work", queue=self.queue, options={"drainDelay": 1, **options})

    def stop(self):
        self.works.ask("stop", queue=self.queue)

    def listen(self):
        self.node.ask("listen", queue=self.queue)

    def event(self, event, **fields):
        """The first such event that BullMQ's own QueueEvents told of; listen() comes before it."""
        return self.node.wait_told("event", queue=self.queue, event=event, **fields)[0]

    def events(self, job):
        """The names of all events of that job so far, as QueueEvents told of them."""
        return [each["event"] for each in self.node.told("event", queue=self.queue, jobId=job)]

    def stream(self, event):
        """(Redis's own time in ms, fields) of each such entry of the queue's stream of events, in order."""
        entries = self.redis.xrange(self.key("events"))
        return [(int(at.split("-")[0]), entry) for at, entry in entries if entry["event"] == event]

    def get(self, job, by=None):
        return (by or self.adds).ask("get", queue=self.queue, job=job)

    def seen(self, job):
        """The job as Node sees it; who added it and who worked on it must see the same."""
        by_node = self.get(job, self.node)
        for side in {self.adds, self.works} - {self.node}:
            assert self.get(job, side) == {name: value for name, value in by_node.items() if name != "options"}
        return by_node

    def key(self, name):
        return f"bull:{self.queue}:{name}"


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}_to_{pair[1]}")
def pair(request, standing, queue, redis_server):
    """Each test runs once for each pair of who adds and who works."""
    bench = Bench(standing, queue, *request.param, redis_server.client)
    yield bench
    for side in {bench.adds, bench.works, bench.node}:
        side.ask("forget", queue=queue)


def pytest_collection_modifyitems(items):
    if os.path.exists(OURS) or os.environ.get("INTEROP_NODE_ONLY") != "1":
        return
    for item in items:  # for work on the tests themselves
        if "ours" in item.name:
            item.add_marker(pytest.mark.skip(reason="INTEROP_NODE_ONLY"))
