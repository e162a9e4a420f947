"""Renews docs/images/dashboard.png and playground.png: a server of its own on demo data, some readers and writers, and a
browser. tools/screenshots calls it. With a folder as argument, all pages in all forms go there instead, to be looked at."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import requests

HERE = pathlib.Path(__file__).parent
for folder in ("support", "interop"):
    sys.path.insert(0, str(HERE.parent / folder))
from peers import Program  # noqa: E402
from processes import Redis, Server  # noqa: E402

IMAGES = HERE.parent.parent / "docs" / "images"


class Traffic:
    """Readers and writers, so that there is something to see."""

    def __init__(self, server, seconds_between=0.012):
        self.server, self.over, self.pause = server, threading.Event(), seconds_between
        self.people = [server.register("student", f"Student {i}") for i in range(12)]
        self.teacher = server.register("teacher", "A teacher")
        self.gig = server.make_gig(self.teacher)
        self.threads = [threading.Thread(target=self.run, args=(seed,), daemon=True) for seed in range(2)]
        for each in self.threads:
            each.start()

    def run(self, seed):
        chance, http, day = random.Random(seed), requests.Session(), 0
        while not self.over.is_set():
            who = chance.choice(self.people)
            headers = {"Authorization": f"Bearer {who['token']}"}
            roll = chance.random()
            if roll < 0.02:
                day += 1
                at = f"{2031 + seed * 20 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T10:00:00Z"
                http.post(self.server.url + "/api/bookings", json={"gigId": self.gig["id"], "scheduledAt": at}, headers=headers)
            elif roll < 0.6:
                http.get(self.server.url + "/api/bookings" + chance.choice(["", "?status=pending", "?status=accepted"]), headers=headers)
            elif roll < 0.9:
                http.get(self.server.url + "/api/gigs" + chance.choice(["", "?page=2", "?subject=Physics"]))
            else:
                http.get(self.server.url + f"/api/gigs/{self.gig['id']}")
            self.over.wait(self.pause)

    def stop(self):
        self.over.set()
        for each in self.threads:
            each.join()


def sign_in(browser, url, page="", **form):
    browser.ask("fresh", **form)
    browser.ask("open", url=f"{url}/dashboard{page}")
    # A new page has a storage of its own.
    browser.ask("fill", label="Email", text="admin@example.com")
    browser.ask("fill", label="Password", text="admin-password")
    browser.ask("click", role="button", name="Sign in")
    browser.ask("see", text="Live")


def take_all(browser, url, to):
    """Every page, light and dark, wide and narrow."""
    forms = {"light": {}, "dark": {"scheme": "dark"}, "phone": {"width": 390, "height": 844, "scheme": "dark"}}
    for name, form in forms.items():
        browser.ask("fresh", **form)
        browser.ask("open", url=f"{url}/dashboard")
        browser.ask("see", text="Sign in as an admin")
        browser.ask("shot", path=str(to / f"{name}-sign-in.png"))
        sign_in(browser, url, **form)
        time.sleep(6)
        browser.ask("shot", path=str(to / f"{name}-overview.png"), full=True)
        browser.ask("run", code="location.hash = '#keys'")
        browser.ask("see", text="keys")
        time.sleep(1)
        browser.ask("run", code="document.querySelector('.keys').focus()")
        browser.ask("select", label="Kind", value="entry")
        browser.ask("run", code="document.querySelector('.keys').focus()")
        browser.ask("press", key="ArrowDown")
        browser.ask("until", code="document.querySelector('.details pre') !== null")
        browser.ask("shot", path=str(to / f"{name}-keys.png"), full=name == "phone")
        browser.ask("run", code="location.hash = '#jobs'")
        browser.ask("see", text="job")
        time.sleep(0.5)
        browser.ask("shot", path=str(to / f"{name}-jobs.png"))
        browser.ask("run", code="location.hash = '#playground'")
        browser.ask("click", role="button", name="Play the story")
        browser.ask("see", text="4 Whoever")
        time.sleep(1.5)
        browser.ask("shot", path=str(to / f"{name}-playground.png"), full=name == "phone")
        browser.ask("see", text="8 Redis")
        time.sleep(2.5)
        browser.ask("shot", path=str(to / f"{name}-playground-off.png"), full=name == "phone")
        browser.ask("see", text="That is all of it")
        browser.ask("shot", path=str(to / f"{name}-playground-end.png"), full=name == "phone")
        print(name, browser.ask("faults"), flush=True)


def take_readme(browser, url, to):
    sign_in(browser, url, height=1260)
    time.sleep(100)  # the charts show two minutes
    browser.ask("shot", path=str(to / "dashboard.png"))
    sign_in(browser, url, "#playground", height=1040)
    browser.ask("click", role="button", name="Play the story")
    browser.ask("see", text="7 Fresh again")
    browser.ask("until", code="document.querySelectorAll('.badge-bypass').length === 2")
    time.sleep(0.6)  # the bars grow
    browser.ask("run", code="scrollTo(0, 0)")
    browser.ask("shot", path=str(to / "playground.png"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(folder)
        environment = {"REDIS_URL": redis.url, "STORE_DELAY_MS": "20"}
        server = Server(folder, "serve", "--demo", **environment)
        server.wait_caching()
        subprocess.run([os.path.abspath(os.environ["BOOKINGS_SERVER"]), "seed"], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "STORE_URL": f"sqlite:{folder}/bookings.db", "REDIS_URL": redis.url})
        traffic = Traffic(server)
        browser = Program(["node", str(HERE / "driver.mjs"), shutil.which(os.environ.get("CHROMIUM", "chromium")),
                           f"{folder}/profile", "1" if len(sys.argv) > 1 else "2"], f"{folder}/browser.log")
        try:
            if len(sys.argv) > 1:
                to = pathlib.Path(sys.argv[1])
                to.mkdir(parents=True, exist_ok=True)
                take_all(browser, server.url, to)
            else:
                IMAGES.mkdir(exist_ok=True)
                take_readme(browser, server.url, IMAGES)
        finally:
            browser.stop()
            traffic.stop()
            server.stop()
            redis.stop()


main()
