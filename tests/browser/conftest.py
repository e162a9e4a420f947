"""The dashboard in a real browser, on a real server and Redis."""
import os
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).parent
for folder in ("support", "interop"):
    sys.path.insert(0, str(HERE.parent / folder))
from fixtures import gateway, redis_server, start  # noqa: E402, F401: for the tests
from peers import Program  # noqa: E402
from processes import Server  # noqa: E402

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no chromium here"))


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    program = Program(["node", str(HERE / "driver.mjs"), CHROMIUM, str(folder / "profile")], folder / "browser.log")
    yield program
    program.stop()


class Page:
    def __init__(self, driver, server):
        self.driver, self.server = driver, server

    def ask(self, command, **fields):
        return self.driver.ask(command, **fields)

    def open(self, path="/dashboard", **form):
        self.ask("fresh", **form)
        self.ask("open", url=self.server.url + path)

    def sign_in(self, email="admin@example.com", password="admin-password"):
        self.ask("fill", label="Email", text=email)
        self.ask("fill", label="Password", text=password)
        self.ask("click", role="button", name="Sign in")

    def enter(self, page="", **form):
        """As an admin, on that page, with events coming in."""
        self.open(f"/dashboard{page}", **form)
        self.sign_in()
        self.see("Live")

    def see(self, text):
        self.ask("see", text=text)

    def text(self, selector="body"):
        return self.ask("text", selector=selector)

    def click(self, name, role="button"):
        self.ask("click", role=role, name=name)

    def until(self, code):
        self.ask("until", code=code)

    def run(self, code):
        return self.ask("run", code=code)


@pytest.fixture
def server(start, redis_server):
    # A port that stays, so that the page finds a server that was started again.
    from processes import free_port

    # A machine that does other things too makes no miss of a hit: what a browser test counts is not how fast Redis is.
    return start("serve", "--demo", REDIS_URL=redis_server.url, PORT=free_port(), REDIS_DEADLINE_MS=1000).wait_caching()


@pytest.fixture
def page(driver, server):
    one = Page(driver, server)
    yield one
    assert driver.ask("faults") == []
