"""What the dashboard shows, and does, and never does."""
import json
import pathlib
import re
import subprocess
import threading
import time

import pytest
import requests
from processes import SERVER, until

SHOTS = pathlib.Path(__file__).parent.parent.parent / "build" / "browser"


@pytest.fixture(autouse=True, scope="module")
def shots():
    SHOTS.mkdir(parents=True, exist_ok=True)


def shot(page, name, full=False):
    """For people to look at."""
    page.ask("shot", path=str(SHOTS / f"{name}.png"), full=full)


def seed(server):
    subprocess.run([SERVER, "seed"], cwd=server.folder, check=True, capture_output=True,
                   env={"PATH": "/usr/bin:/bin", "STORE_URL": f"sqlite:{server.folder}/bookings.db",
                        "ASAN_OPTIONS": "detect_stack_use_after_return=0"})


# signing in ----------------------------------------------------------------------------------------------------------

def test_nobody_who_is_not_signed_in_is_shown_or_asks_for_anything(page, server):
    for name in ("", "#keys/bookings", "#jobs", "#playground"):
        page.open("/dashboard" + name)
        page.see("Sign in as an admin")
        page.until("document.activeElement.name === 'email'")
        assert "Hit ratio" not in page.text() and page.run("document.querySelectorAll('nav, table, .keys').length") == 0
        assert [each["url"] for each in page.ask("transferred") if "/api/" in each["url"]] == []


def test_wrong_password_is_told_and_nothing_is_shown(page):
    page.open()
    page.sign_in(password="wrong password")
    page.see("Email or password is wrong")
    assert "Hit ratio" not in page.text()
    assert page.ask("axe") == []
    shot(page, "sign-in-refused")


def test_students_token_is_told_that_the_dashboard_is_for_admins(page, server):
    student = server.register("student")
    page.open()
    page.sign_in(student["email"], "long enough")
    page.see("for admins only")
    assert "Hit ratio" not in page.text()


def test_students_token_that_was_put_there_by_hand_shows_nothing(page, server):
    student = server.register("student")
    page.open()
    page.run(f"sessionStorage.setItem('reprise.session', {json.dumps(json.dumps({'token': student['token'], 'role': 'admin'}))})")
    page.ask("open", url=server.url + "/dashboard#keys")
    page.run("location.reload()")
    page.see("This account is no admin's")
    assert "Hit ratio" not in page.text()


def test_admin_is_let_in_and_no_token_is_in_any_url_or_in_local_storage(page, server):
    page.enter()
    page.see("Hit ratio")
    token = page.run("JSON.parse(sessionStorage.getItem('reprise.session')).token")
    assert page.run("localStorage.length") == 0
    assert all(token not in each["url"] for each in page.ask("transferred"))
    page.click("Sign out")
    page.see("Sign in as an admin")
    assert page.run("sessionStorage.length") == 0
    assert server.get("/api/events", token).status_code == 401


def test_session_that_ends_elsewhere_ends_the_page(page, server):
    page.enter()
    token = page.run("JSON.parse(sessionStorage.getItem('reprise.session')).token")
    server.post("/api/auth/logout", token)
    page.see("Your session has ended")


# the picture ---------------------------------------------------------------------------------------------------------

def test_counters_and_invalidations_are_shown_as_they_happen(page, server):
    teacher, student = server.register("teacher"), server.register("student")
    gig = server.make_gig(teacher)
    page.enter()
    page.see("None since you began to look")
    results = [server.get("/api/bookings", student["token"]).headers["X-Cache"] for _ in range(5)]
    assert results == ["MISS"] + ["HIT"] * 4
    page.until("[...document.querySelectorAll('tbody tr')].some((row) => row.innerText.startsWith('bookings') && row.cells[3].innerText === '4')")
    server.book(student, gig)
    page.see(f"bookings:user:{student['id']}")
    page.until("document.querySelectorAll('.news li').length >= 2")
    assert "1 entry" in page.text(".news") and "no entry" in page.text(".news")
    facts = page.text(".facts")
    assert all(each in facts for each in ("Redis", "in use", "Lease", "ms left", "Database", "answers", "Outbox", "pending", "L1", "Jobs", "no queue"))
    tiles = page.text(".tiles")
    assert "80.0" in tiles and "of the last minute" in tiles  # 4 of 5
    assert re.search(r"Hit p50 .*, Hit p99 .*, Miss p50 .*, Miss p99 .*, Bypass p50 ", page.run("document.querySelectorAll('.chart')[1].ariaLabel"))
    shot(page, "overview", full=True)


def test_redis_away_is_shown_and_that_it_is_back(page, server, redis_server):
    student = server.register("student")
    page.enter()
    page.until("document.querySelector('.facts')?.innerText.includes('in use')")
    redis_server.kill()
    page.see("Redis is away")
    server.get("/api/bookings", student["token"])
    page.until("document.querySelector('.ink-bypass.fill') !== null")
    assert page.ask("axe") == []
    shot(page, "redis-away", full=True)
    redis_server.start()
    page.ask("gone", text="Redis is away")
    page.until("document.querySelector('.facts').innerText.includes('in use')")


def test_stream_that_is_cut_is_told_and_taken_up_again(page, server, start, redis_server):
    page.enter()
    port = server.url.rpartition(":")[2]
    server.process.kill()
    server.process.wait()
    page.see("Connection lost")
    page.see("What you see is what it last said")
    assert page.ask("axe") == []
    shot(page, "cut")
    again = start("serve", "--demo", REDIS_URL=redis_server.url, PORT=port)
    page.see("Live")
    page.ask("gone", text="Connection lost")
    student = again.register("student")
    again.get("/api/bookings", student["token"])
    page.until("[...document.querySelectorAll('tbody tr')].some((row) => row.innerText.startsWith('bookings'))")


def test_last_hour_is_shown_also_of_when_nobody_looked(page, server):
    student = server.register("student")
    for _ in range(40):
        server.get("/api/bookings", student["token"])
    # The server makes a point each ten seconds; who looks only then sees what was before.
    admin = server.sign_in_admin()

    def has_point():
        with server.http.get(server.url + "/api/events", headers={"Authorization": f"Bearer {admin['token']}"}, stream=True, timeout=20) as events:
            data = next(line for line in events.iter_lines(chunk_size=1, decode_unicode=True) if line.startswith("data: "))
        return [point for point in json.loads(data[6:])["points"] if point[1] > 0]

    assert until(has_point, "the history to have these requests")
    page.enter()
    page.ask("choose_like", role="radio", name="1 hour")
    page.until(r"/at most (?!0 )\S+ in the last 60 minutes/.test(document.querySelector('.chart').ariaLabel)")
    shot(page, "hour")


# keys ----------------------------------------------------------------------------------------------------------------

def test_keys_are_shown_with_kind_state_age_ttl_and_size(page, server):
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    page.enter(f"#keys/bookings:user:{student['id']}")
    page.see("3 keys")
    rows = page.run("[...document.querySelectorAll('.keys-body .keys-row')].map((row) => [row.firstChild.title, ...[...row.children].slice(1).map((cell) => cell.innerText)])")
    rows = {row[1]: row for row in rows}
    assert rows.keys() == {"entry", "generation", "index"}
    key, _, state, age, ttl, size = rows["entry"]
    assert key == f"bookings:user:{student['id']}:role:student:query:{{}}" and (state, rows["generation"][2]) == ("current", "current")
    assert re.fullmatch(r"\d+ s", age) and re.fullmatch(r"9 min 5\d s|10 min 0 s", ttl)
    assert re.fullmatch(r"\d+ B", size) and rows["index"][-1] == "1 key"


MARKUP = "<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script>"


def test_entry_with_markup_is_shown_as_text_and_nothing_runs(page, server):
    teacher = server.register("teacher", MARKUP[:100])
    server.make_gig(teacher, title=MARKUP[:100], description=MARKUP)
    server.get("/api/gigs")
    page.enter("#keys/gigs")
    page.ask("select", label="Kind", value="entry")
    page.run("document.querySelector('.keys').focus()")
    page.until("document.querySelectorAll('.keys-body .keys-row').length > 0")
    page.ask("press", key="ArrowDown")
    page.until("document.querySelector('.details pre') !== null")
    assert "<script>window.hurt=1</script>" in page.text(".details pre")
    assert page.run("window.hurt ?? null") is None
    assert page.run("document.querySelectorAll('.details img, .details script').length") == 0
    shot(page, "markup")


def test_large_entry_is_cut_and_the_page_goes_on(page, server, redis_server):
    # As it would lie there: a megabyte of JSON under a scope of ours.
    generation = "x" * 16
    body = json.dumps({"rows": ["lesson " * 10] * 14000})
    assert len(body) > 1_000_000
    head = f"RP1 {generation} 1700000000000 4000000000000 200 identity {len(body)} 0123456789abcdef application/json\n"
    redis_server.client.set("bookings:user:large:role:student:query:{}", head + body, px=600_000)
    page.enter("#keys/bookings:user:large")
    page.until("document.querySelectorAll('.keys-body .keys-row').length === 1")
    page.run("document.querySelector('.keys').focus()")
    page.ask("press", key="ArrowDown")
    page.see("The first 256 KiB of it")
    assert "dead" in page.text(".details")
    assert len(page.text(".details pre")) < 300_000
    assert page.ask("axe") == []
    page.ask("press", key="Home")  # and the page still listens
    page.click("Close")
    page.until("document.querySelector('.details') === null")
    shot(page, "large")


class Reader:
    """Reads one list again and again, on a connection of its own, until it is stopped: gives the milliseconds of each."""

    def __init__(self, server):
        self.times, self.over = [], threading.Event()
        self.url, self.headers = server.url + "/api/bookings", {"Authorization": f"Bearer {server.register('student')['token']}"}
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        http = requests.Session()
        while not self.over.is_set():
            began = time.monotonic()
            assert http.get(self.url, headers=self.headers, timeout=20).status_code == 200
            self.times.append((time.monotonic() - began) * 1000)
            self.over.wait(0.01)

    def stop(self):
        self.over.set()
        self.thread.join(20)
        return sorted(self.times)


def test_hundred_thousand_keys_are_browsed_without_freezing_the_page_or_the_server(page, server, redis_server):
    pipe = redis_server.client.pipeline(transaction=False)
    for i in range(100_000):
        pipe.set(f"bookings:user:{i:06}:gen", "s.r", ex=600)
        if i % 5000 == 4999:
            pipe.execute()
    page.enter("#overview")
    page.run("window.longest = 0; new PerformanceObserver((list) => list.getEntries().forEach((each) => window.longest = Math.max(window.longest, each.duration))).observe({type: 'longtask'})")
    page.run("setTimeout(() => { for (const end = performance.now() + 120; performance.now() < end;); })")
    page.until("window.longest >= 120")  # it does see them
    page.run("window.longest = 0")
    reader = Reader(server)
    began = time.monotonic()
    page.run("location.hash = '#keys/bookings'")
    page.until("/^100,0\\d\\d keys$/.test(document.querySelector('main > [role=status]')?.innerText)")  # the reader has some too
    walked = time.monotonic() - began
    assert page.run("document.querySelectorAll('.keys-row').length") < 100
    page.run("document.querySelector('.keys').focus()")
    page.ask("press", key="End")
    page.until("document.querySelector('.keys-body .is-chosen') !== null")
    page.ask("fill", label="Contains", text="099999")
    page.see("1 key")
    times = reader.stop()
    # Milliseconds, on a machine that does other things too.
    longest, median, late = page.run("window.longest"), times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"\nwalked in {walked:.1f} s; longest task {longest} ms; {len(times)} reads beside it: p50 {median:.1f} ms, p99 {late:.1f} ms, most {times[-1]:.1f} ms")
    assert longest < 1000 and len(times) > 20 and median < 100 and late < 1000
    shot(page, "many-keys")


def test_purge_is_asked_for_and_then_done(page, server):
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"
    page.enter(f"#keys/bookings:user:{student['id']}")
    page.ask("select", label="Kind", value="entry")
    page.until("document.querySelectorAll('.keys-body .keys-row').length === 1")
    page.run("document.querySelector('.keys').focus()")
    page.ask("press", key="ArrowDown")
    page.click("Purge this user's bookings")
    page.see("Purge bookings of one user?")
    assert page.ask("axe") == []
    shot(page, "purge")
    page.click("Cancel")
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "HIT"
    page.click("Purge this user's bookings")
    page.ask("click", role="button", name="Purge", exact=True)
    page.see(f"Purged bookings of user {student['id']}")
    assert server.get("/api/bookings", student["token"]).headers["X-Cache"] == "MISS"


def test_keys_are_asked_for_while_redis_is_away_says_so(page, redis_server):
    page.enter()
    redis_server.kill()
    page.see("Redis is away")
    page.run("location.hash = '#keys/bookings'")
    page.see("The cache cannot be looked at now")
    redis_server.start()
    page.click("Look again")


# the playground ------------------------------------------------------------------------------------------------------

def test_story_shows_misses_hits_vanishing_entries_and_a_bypass(page, server):
    seed(server)
    page.enter("#playground")
    page.click("Play the story")
    page.see("2 They ask again")
    page.until("document.querySelectorAll('.badge-miss').length === 2 && document.querySelectorAll('.badge-hit').length === 2")
    page.until("document.querySelectorAll('.chip:not(.is-gone)').length === 2")
    page.see("3 The student books")
    page.until("document.querySelectorAll('.badge-gone').length === 2")
    for step in ("4 Whoever asks", "5 Hits again", "6 The teacher accepts", "7 Fresh again", "8 Redis is switched off"):
        page.see(step)
    page.until("document.querySelectorAll('.badge-bypass').length >= 2")
    for who in (1, 2):
        told = page.run(f"[...document.querySelectorAll('.person:nth-child({who}) .play-row')].map((row) => row.firstChild.innerText)")
        assert [each for each in told if each not in ("", "WRITE")] == ["MISS", "HIT", "GONE", "MISS", "HIT", "GONE", "MISS", "OFF", "BYPASS"]
    assert not page.ask("is_checked", role="switch", name="Redis is off")
    assert page.ask("axe") == []
    shot(page, "playground", full=True)
    page.see("That is all of it")
    assert page.ask("is_checked", role="switch", name="Redis is on")
    assert page.ask("axe") == []
    # Once more, with entries there: it begins with a miss all the same.
    page.click("Play the story")
    page.until("[1, 2].every((who) => document.querySelector(`.person:nth-child(${who}) .play-row:not(.play-note) .badge`)?.innerText === 'MISS')")
    assert page.run("document.querySelectorAll('.badge-off').length") == 0


def badges(who):
    return f"[...document.querySelectorAll('.person:nth-child({who}) .badge')].map((each) => each.innerText).join(' ')"


def test_every_button_of_the_playground_does_it_and_a_booking_shows_in_both_lists(page, server):
    seed(server)
    page.enter("#playground", scheme="dark")

    def press(who, name, *shown):
        page.until("document.querySelectorAll('.person button:disabled').length === 0")
        # Twice, as somebody in a hurry: it is done once.
        page.run(f"for (const _ of '12') [...document.querySelectorAll('.person:nth-child({who}) button')].find((each) => each.innerText === '{name}').click()")
        page.until(f"{badges(who)} === '{' '.join(shown)}'")

    for who in (1, 2):
        press(who, "List lessons", "MISS")
        press(who, "List lessons", "MISS", "HIT")
    press(1, "Book a lesson", "MISS", "HIT", "WRITE", "GONE")
    page.until(f"{badges(2)} === 'MISS HIT GONE'")
    page.until("document.querySelectorAll('.chip').length === 0")
    press(2, "Accept the lesson", "MISS", "HIT", "GONE", "WRITE")  # there was no entry to vanish
    page.click("Redis is on", role="switch")
    page.until(f"{badges(1)} === 'MISS HIT WRITE GONE OFF'")
    press(1, "List lessons", "MISS", "HIT", "WRITE", "GONE", "OFF", "BYPASS")
    assert page.ask("axe") == []
    shot(page, "playground-by-hand")


def test_server_without_demo_has_no_switch_and_says_so(start, redis_server, driver):
    from conftest import Page

    server = start(REDIS_URL=redis_server.url).wait_caching()
    admin = server.sign_in_admin()
    assert server.post("/api/demo/redis", admin["token"], json={"state": "off"}).status_code == 404
    assert server.get("/api/demo", admin["token"]).status_code == 404
    page = Page(driver, server)
    page.enter("#playground")
    page.see("it is there in a demonstration only")


# for everybody -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_by_axe(page, server, scheme):
    seed(server)
    student = server.register("student")
    page.open(scheme=scheme)
    page.see("Sign in as an admin")
    found = {"sign-in": page.ask("axe")}
    page.enter(scheme=scheme, motion="reduce")
    for _ in range(3):
        server.get("/api/bookings", student["token"])
    page.see("By prefix")
    page.until("document.querySelectorAll('tbody th').length > 0")
    found["overview"] = page.ask("axe")
    page.run("location.hash = '#keys/bookings'")
    page.until("document.querySelectorAll('.keys-body .keys-row').length > 0")
    page.run("document.querySelector('.keys').focus()")
    page.ask("press", key="ArrowDown")
    page.until("document.querySelector('.details') !== null")
    found["keys"] = page.ask("axe")
    page.run("location.hash = '#playground'")
    page.until("document.querySelector('.person h2 small')?.innerText !== 'signing in …'")
    page.click("List lessons")
    page.until("document.querySelectorAll('.play-row').length === 1")
    found["playground"] = page.ask("axe")
    page.run("location.hash = '#jobs'")
    page.see("There is no job queue")
    found["jobs"] = page.ask("axe")
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_no_page_is_wider_than_the_screen(page, server, width):
    page.enter(width=width, height=800)
    for name in ("overview", "keys", "jobs", "playground"):
        page.run(f"location.hash = '#{name}'")
        page.until(f"document.title.toLowerCase().startsWith('{name}')")
        assert page.run("document.documentElement.scrollWidth") <= width, name
    page.run("location.hash = '#overview'")
    page.see("Hit ratio")
    shot(page, f"width-{width}", full=True)


def test_everything_can_be_reached_by_keyboard(page):
    page.enter()
    page.until("document.querySelector('.facts') !== null")
    reached = set()
    for _ in range(30):
        page.ask("press", key="Tab")
        reached.add(page.run("(document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName).trim()"))
    assert {"Skip to the content", "Overview", "Playground", "Keys", "Jobs", "Sign out"} <= reached


def test_all_that_is_loaded_weighs_less_than_150_kb(page, server):
    page.enter()
    page.see("Hit ratio")
    # Beyond the events, which never end.
    files = [each for each in page.ask("transferred") if "/dashboard" in each["url"]]
    assert len(files) >= 3
    assert sum(each["plain"] for each in files) < 150_000
    assert sum(each["sent"] for each in files) < 60_000
    assert all(each["url"].startswith(server.url) for each in page.ask("transferred"))
