"""The page of jobs, on a real queue: payments that wait, are begun, delayed, completed and failed, and one that is tried again."""
import json
import time

import pytest
from processes import free_port, until
from test_pages import MARKUP, shot

CUSTOMER = {"phone": "01711000000", "address": "Road 1", "city": "Dhaka", "postcode": "1205", "country": "Bangladesh"}


@pytest.fixture
def environment(gateway, redis_server):
    return {**gateway.environment(free_port()), "REDIS_URL": redis_server.url}


@pytest.fixture
def server(start, environment):
    """It adds jobs, and leaves them to workers."""
    return start("serve", "--without-jobs", **environment).wait_caching()


class Payments:
    def __init__(self, server):
        self.server, self.student, self.teacher = server, server.register("student"), server.register("teacher")
        self.gig, self.made = server.make_gig(self.teacher), 0

    def begin(self):
        """The id of a payment, which is that of its first job."""
        self.made += 1
        booking = self.server.book(self.student, self.gig, f"2031-01-{self.made:02}T10:00:00Z").json()["data"]
        reply = self.server.put(f"/api/bookings/{booking['id']}/status", self.teacher["token"], json={"status": "accepted"})
        assert reply.status_code == 200, reply.text
        reply = self.server.post("/api/payments/init", self.student["token"], json={"bookingId": booking["id"], "customer": CUSTOMER})
        assert reply.status_code == 202, reply.text
        return reply.json()["data"]["id"]

    def status(self, payment):
        return self.server.get(f"/api/payments/{payment}", self.student["token"]).json()["data"]["status"]


@pytest.fixture
def payments(server):
    return Payments(server)


def choose(page, state):
    page.ask("choose_like", role="radio", name=state)


def see_job(page, job):
    page.until(f"[...document.querySelectorAll('tbody th')].some((each) => each.innerText === '{job}')")


def counted(page, state):
    """What the state's button says beside its name."""
    return page.run(f"[...document.querySelectorAll('.switch label')].find((each) => each.innerText.startsWith('{state}'))?.querySelector('b')?.innerText ?? null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_job_is_seen_to_wait_begin_be_delayed_and_complete_without_looking_again(page, start, gateway, environment, payments, scheme):
    page.enter("#jobs", scheme=scheme, motion="reduce")
    page.see("No job has failed.")
    found = {"none": page.ask("axe")}
    choose(page, "waiting")
    page.see("No job is waiting")
    job = payments.begin()
    see_job(page, job)
    page.until("[...document.querySelectorAll('.switch b')][1].innerText === '1'")
    found["waiting"] = page.ask("axe")
    shot(page, f"jobs-waiting-{scheme}")

    choose(page, "active")
    page.see("No job is being worked on now")
    gateway.settings(session_delay=4)
    gateway.fault("reset", "session", when="before", times=2)  # the second delay is long enough to be seen in any case
    worker = start("worker", **environment)
    choose(page, "delayed")
    see_job(page, job)
    assert "Delayed by" in page.text("thead")
    found["delayed"] = page.ask("axe")
    choose(page, "active")
    see_job(page, job)
    assert "Began" in page.text("thead")
    found["active"] = page.ask("axe")
    choose(page, "completed")
    see_job(page, job)
    found["completed"] = page.ask("axe")
    shot(page, f"jobs-completed-{scheme}")
    assert counted(page, "completed") == "1" and counted(page, "waiting") == "0"
    assert payments.status(job) == "initiated"
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert worker.stop() == 0


def tab_to(page, name):
    """Tab until what has the focus is called so."""
    called = "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || document.activeElement.name || '').trim()"
    for _ in range(40):
        page.ask("press", key="Tab")
        if page.run(called) == name:
            return
    raise AssertionError(f"Tab does not come to {name}")


def test_failed_job_is_tried_again_by_keyboard_alone_and_completes(page, start, tmp_path, environment, payments):
    job = payments.begin()
    # A worker that somebody gave another database does not know the payment.
    wrong = start("worker", **{**environment, "STORE_URL": f"sqlite:{tmp_path}/another.db"})
    page.open()
    page.see("Sign in as an admin")
    page.ask("type", text="admin@example.com")
    page.ask("press", key="Tab")
    page.ask("type", text="admin-password")
    page.ask("press", key="Enter")
    page.see("Live")
    tab_to(page, "Jobs")
    page.ask("press", key="Enter")
    see_job(page, job)
    page.see("there is no such payment")
    shot(page, "jobs-failed")
    assert page.ask("axe") == []
    assert wrong.stop() == 0

    tab_to(page, f"Try again: {job}")
    page.ask("press", key="Enter")
    page.see(f"{job} is tried again")
    page.see("No job has failed.")
    assert page.run("document.querySelector('main').contains(document.activeElement)"), "the focus has not gone astray"
    page.ask("press", key="Shift+Tab")
    page.ask("press", key="Shift+Tab")
    page.ask("press", key="ArrowRight")
    see_job(page, job)

    right = start("worker", **environment)
    for _ in range(3):
        page.ask("press", key="ArrowRight")
    see_job(page, job)
    assert payments.status(job) == "initiated"
    assert right.stop() == 0


def test_failed_job_of_another_worker_is_shown_with_its_stack_as_text(page, redis_server):
    """As npm's BullMQ writes it; with markup, and a megabyte of it."""
    client, now = redis_server.client, int(time.time() * 1000)
    stacks = ["an older one", f"Error: {MARKUP}\n    at charge (/app/worker.js:12:9)\n" + "    at again (/app/worker.js:1:1)\n" * 33_000]
    assert len(stacks[1]) > 1_000_000
    client.hset("bull:payments:17", mapping={
        "name": MARKUP, "data": "{}", "opts": "{}", "timestamp": now - 5000, "delay": 0, "priority": 0, "processedOn": now - 4000,
        "finishedOn": now, "atm": 3, "attemptsMade": 3, "failedReason": f"the gateway said {MARKUP}", "stacktrace": json.dumps(stacks)})
    client.zadd("bull:payments:failed", {"17": now})
    page.enter("#jobs")
    see_job(page, "17")
    assert f"the gateway said {MARKUP}" in page.text("tbody")
    page.run("document.querySelector('summary').focus()")
    page.ask("press", key="Enter")
    page.until("document.querySelector('details').open")
    told = page.text("details pre")
    assert told.startswith(f"Error: {MARKUP}") and "an older one" not in told and len(told) <= 4096
    assert page.run("window.hurt ?? null") is None
    assert page.run("document.querySelectorAll('table img, table script').length") == 0
    assert page.ask("axe") == []
    shot(page, "jobs-stack")
    page.enter("#jobs", width=390, height=844, scheme="dark")
    see_job(page, "17")
    assert page.run("document.documentElement.scrollWidth") <= 390
    assert page.run("(({left, right}) => left >= 0 && right <= 390)(document.querySelector('table button').getBoundingClientRect())"), "nothing is to be looked for beside the screen"
    assert page.ask("axe") == []
    shot(page, "jobs-phone")
    page.enter("#jobs", width=1600, height=900)
    see_job(page, "17")
    assert page.run("(({right}) => right)(document.querySelector('table button').getBoundingClientRect())") < 1600, "it can be pressed without scrolling"
    shot(page, "jobs-wide")


def test_queue_away_is_told_and_that_it_is_back(page, server, redis_server, payments):
    page.enter("#jobs")
    choose(page, "completed")
    page.see("No job was completed")
    redis_server.kill()
    page.see("The queue cannot be reached")
    shot(page, "jobs-away")
    redis_server.start()
    page.see("No job was completed")
    choose(page, "waiting")
    job = payments.begin()
    until(lambda: redis_server.client.lrange("bull:payments:wait", 0, -1) == [job], "the job")
    see_job(page, job)


def test_there_are_more_jobs_than_are_shown_and_it_says_so(page, redis_server):
    pipe = redis_server.client.pipeline()
    for i in range(12_345):
        pipe.hset(f"bull:payments:{i}", mapping={"name": "settle", "data": "{}", "opts": "{}", "timestamp": 1_700_000_000_000 + i,
                                                 "delay": 0, "priority": 0, "finishedOn": 1_700_000_000_500 + i, "atm": 1})
        pipe.zadd("bull:payments:completed", {str(i): 1_700_000_000_500 + i})
    pipe.execute()
    page.enter("#jobs")
    choose(page, "completed")
    page.see("The newest 100 are shown.")
    see_job(page, "12344")
    page.until("[...document.querySelectorAll('.switch b')].some((each) => each.innerText === '12.3K')")
    shot(page, "jobs-many")
