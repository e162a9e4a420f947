"""Bull Board in a real browser on queues of ours: what its pages show, and what its buttons do. Screenshots are left in
build/interop/, for people to look at."""
import os
import shutil

import pytest

from peers import HERE, Program
from processes import until

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))
SHOTS = HERE.parent.parent / "build/interop"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    program = Program(["node", "browser.mjs", CHROMIUM, str(folder / "profile")], folder / "browser.log")
    yield program
    program.stop()


class Page:
    """A queue's page; the queue's jobs are added and worked on by one kind of program."""

    def __init__(self, kind, side, queue, browser, redis, folder):
        self.kind, self.side, self.queue, self.browser = kind, side, queue, browser
        self.redis = redis.client
        self.side.ask("counts", queue=queue)
        self.server = Program(["node", "board.mjs", str(redis.port), queue], folder / "board.log")
        self.url = f"http://127.0.0.1:{self.server.ready['port']}/queue/{queue}"

    def add(self, name, data=None, **options):
        return self.side.ask("add", queue=self.queue, name=name, data=data or {}, options=options)

    def work(self, **options):
        self.side.ask("work", queue=self.queue, options={"drainDelay": 1, **options})

    def until_counts(self, **counts):
        until(lambda: counts.items() <= self.side.ask("counts", queue=self.queue).items(), f"{counts}")

    def make_older(self):
        """As if ten seconds had passed since jobs finished: "Clean all" leaves those of the last five."""
        for state in ("completed", "failed"):
            for job, at in self.redis.zrange(f"bull:{self.queue}:{state}", 0, -1, withscores=True):
                self.redis.zadd(f"bull:{self.queue}:{state}", {job: at - 10_000})

    def open(self, state, job, whole=False):
        """The page of that state; returns the text of the job's card, or of the whole page, once the card is there."""
        self.browser.ask("open", url=f"{self.url}?status={state}")
        card = self.browser.ask("card", job=job)
        return self.browser.ask("text") if whole else card

    def tab(self, job, name):
        return self.browser.ask("tab", job=job, name=name)

    def press(self, job, label):
        self.browser.ask("press", job=job, label=label)

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.browser.ask("shot", path=str(SHOTS / f"board-{self.kind}-{name}.png"))


@pytest.fixture(params=["ours", "node"])
def page(request, standing, queue, browser, redis_server, tmp_path):
    it = Page(request.param, standing(request.param), queue, browser, redis_server, tmp_path)
    yield it
    it.side.ask("forget", queue=queue)
    it.server.stop()


def test_board_shows_jobs_in_each_state(page, start):
    worker = start(page.kind)
    page.add("done", {"to": "a@example.com", "returns": {"ok": 17}, "log": ["a line of its log"], "progress": [42]})
    page.add("broken", {"fail": 3}, attempts=2)
    assert "No workers" in page.open("waiting", "done", whole=True)
    worker.ask("work", queue=page.queue, options={"name": "w1"})
    page.until_counts(completed=1, failed=1)
    page.add("under-way", {"take_ms": 60_000, "progress": [60]})
    page.until_counts(active=1)
    page.add("waits")
    page.add("later", delay=3_600_000)
    page.add("urgent", priority=3)

    card = page.open("completed", "done")
    assert "42" in card and "Finished at" in card and "by w1" in card
    assert "a@example.com" in card and "17" in card
    until(lambda: "a line of its log" in page.tab("done", "Logs"), "the log, which the page asks for when it is opened")
    page.shot("completed")
    page.open("failed", "broken")
    assert "failure 2" in page.tab("broken", "Error")
    page.shot("failed")
    whole = page.open("active", "under-way", whole=True)
    assert "60%" in whole and "No workers" not in whole
    page.shot("active")
    assert "Will run at" in page.open("delayed", "later")
    page.shot("delayed")
    assert "priority 3" in page.open("prioritized", "urgent")
    page.shot("prioritized")
    page.open("waiting", "waits")
    page.shot("waiting")

    page.side.ask("pause", queue=page.queue)
    page.open("waiting", "waits")
    page.browser.ask("see", text="Paused")
    page.shot("paused")
    worker.kill()


def test_board_retries_a_failed_job(page):
    job = page.add("once", {"fail": 1, "returns": "at last"})
    page.work()
    page.until_counts(failed=1)
    page.open("failed", "once")
    page.press("once", "Retry")
    page.until_counts(failed=0, completed=1)
    seen = page.side.ask("get", queue=page.queue, job=job)
    assert (seen["returnvalue"], seen["attemptsMade"]) == ("at last", 2)
    assert "once" in page.open("completed", "once")


def test_board_promotes_a_delayed_job(page):
    job = page.add("later", {"returns": "promoted"}, delay=3_600_000)
    page.work()
    page.open("delayed", "later")
    page.press("later", "Promote")
    page.until_counts(delayed=0, completed=1)
    assert page.side.ask("get", queue=page.queue, job=job)["returnvalue"] == "promoted"


def test_board_cleans_jobs_one_by_one_and_all(page):
    page.add("good", {"log": ["x"]})
    page.add("bad-1", {"fail": 1})
    page.add("bad-2", {"fail": 1})
    page.work()
    page.until_counts(completed=1, failed=2)
    page.open("failed", "bad-1")
    page.press("bad-1", "Clean")
    page.until_counts(failed=1, completed=1)
    page.browser.ask("gone", text="bad-1")
    page.make_older()
    page.open("failed", "bad-2")
    page.browser.ask("press_for_all", label="Clean all")
    page.until_counts(failed=0, completed=1)
    page.open("completed", "good")
    page.browser.ask("press_for_all", label="Clean all")
    page.until_counts(completed=0)


def test_board_retries_and_promotes_all(page):
    for nth in range(3):
        page.add(f"bad-{nth}", {"fail": 1})
        page.add(f"later-{nth}", delay=3_600_000)
    page.work()
    page.until_counts(failed=3, delayed=3)
    page.open("failed", "bad-1")
    page.browser.ask("press_for_all", label="Retry all")
    page.until_counts(failed=0, completed=3)
    page.open("delayed", "later-1")
    page.browser.ask("press_for_all", label="Promote all")
    page.until_counts(delayed=0, completed=6)
