"""What is done to jobs and queues from outside, by the side that did not add the job: retry, promote, remove, clean, pause,
and what becomes of the jobs of a worker that dies."""
import pytest

from peers import Refused


def counts(pair):
    """As both sides count."""
    told, other = ({state: count for state, count in side.ask("counts", queue=pair.queue).items() if count}
                   for side in (pair.adds, pair.works))
    assert told == other
    return told


def test_failed_job_is_retried_by_the_other_side(pair):
    pair.listen()
    job = pair.add(data={"fail": 1}, attempts=1)
    pair.work()
    pair.event("failed", jobId=job)
    pair.works.ask("retry", queue=pair.queue, job=job)
    pair.event("completed", jobId=job)
    seen = pair.seen(job)
    assert (seen["state"], seen["attemptsMade"], seen["attemptsStarted"]) == ("completed", 2, 2)
    assert pair.events(job) == ["added", "waiting", "active", "retries-exhausted", "failed", "waiting", "active", "completed"] or \
        pair.events(job) == ["added", "waiting", "active", "failed", "retries-exhausted", "waiting", "active", "completed"]
    assert [entry.get("prev") for _, entry in pair.stream("waiting")] == [None, "failed"]
    assert counts(pair) == {"completed": 1}


def test_completed_job_is_run_again_by_the_other_side(pair):
    pair.listen()
    job = pair.add(data={"returns": 1})
    pair.work()
    pair.event("completed", jobId=job)
    pair.stop()
    pair.works.ask("retry", queue=pair.queue, job=job, state="completed")
    assert counts(pair) == {"waiting": 1}
    assert "finishedOn" not in pair.redis.hgetall(pair.key(job))
    pair.work()
    pair.node.wait_told("event", 2, queue=pair.queue, event="completed", jobId=job)
    assert pair.seen(job)["attemptsMade"] == 2


def test_retried_job_keeps_its_priority(pair):
    pair.listen()
    job = pair.add(data={"fail": 1}, priority=7)
    pair.work()
    pair.event("failed", jobId=job)
    pair.stop()
    pair.works.ask("retry", queue=pair.queue, job=job)
    assert counts(pair) == {"prioritized": 1}


def test_retry_of_what_has_not_failed_is_refused(pair):
    job = pair.add()
    with pytest.raises(Refused):
        pair.works.ask("retry", queue=pair.queue, job=job)
    with pytest.raises(Refused):
        pair.works.ask("retry", queue=pair.queue, job="nowhere")
    assert counts(pair) == {"waiting": 1}


@pytest.mark.parametrize("priority", [0, 3])
def test_delayed_job_is_promoted_by_the_other_side(pair, priority):
    pair.listen()
    job = pair.add(delay=3_600_000, priority=priority)
    assert counts(pair) == {"delayed": 1}
    pair.works.ask("promote", queue=pair.queue, job=job)
    assert counts(pair) == {"prioritized" if priority else "waiting": 1}
    pair.work()
    pair.event("completed", jobId=job)
    assert pair.events(job) == ["added", "delayed", "waiting", "active", "completed"]
    assert pair.seen(job)["delay"] == 0


def test_promotion_of_what_is_not_delayed_is_refused(pair):
    job = pair.add()
    with pytest.raises(Refused):
        pair.works.ask("promote", queue=pair.queue, job=job)
    assert counts(pair) == {"waiting": 1}


@pytest.mark.parametrize("options", [{}, {"delay": 3_600_000}, {"priority": 1}, {"deduplication": {"id": "d"}}])
def test_job_is_removed_by_the_other_side(pair, options):
    pair.listen()
    job, other = pair.add(**options), pair.add()
    pair.works.ask("remove", queue=pair.queue, job=job)
    pair.event("removed", jobId=job)
    assert counts(pair) == {"waiting": 1}
    assert pair.redis.keys(pair.key(f"{job}*")) == [] and pair.redis.exists(pair.key("de:d")) == 0
    assert pair.get(job) is None and pair.get(other)["state"] == "waiting"


def test_job_under_way_is_not_removed(pair):
    pair.listen()
    job = pair.add(data={"take_ms": 400})
    pair.work()
    pair.event("active", jobId=job)
    with pytest.raises(Refused):
        pair.adds.ask("remove", queue=pair.queue, job=job)
    pair.event("completed", jobId=job)


@pytest.mark.parametrize("state, options, data", [
    ("completed", {}, {}), ("failed", {}, {"fail": 1}), ("delayed", {"delay": 3_600_000}, {}), ("prioritized", {"priority": 2}, {}), ("wait", {}, {})])
def test_jobs_of_a_state_are_cleaned_by_the_other_side(pair, state, options, data):
    pair.listen()
    jobs = [pair.add(data={"log": ["x"], **data}, **options) for _ in range(5)]
    if state in ("completed", "failed"):
        pair.work()
        for job in jobs:
            pair.event(state, jobId=job)
        pair.stop()
    assert pair.works.ask("clean", queue=pair.queue, state=state, grace_ms=60_000) == []  # none is a minute old
    assert len(pair.works.ask("clean", queue=pair.queue, state=state, limit=2)) == 2
    rest = pair.works.ask("clean", queue=pair.queue, state=state)
    assert len(rest) == 3
    pair.event("cleaned", count="3")
    assert counts(pair) == {}
    for job in jobs:
        assert pair.redis.exists(pair.key(job), pair.key(f"{job}:logs")) == 0


def test_paused_queue_runs_nothing_until_the_other_side_resumes_it(pair):
    pair.listen()
    pair.adds.ask("pause", queue=pair.queue)
    pair.event("paused")
    pair.work()
    jobs = [pair.add(), pair.add(priority=2), pair.add(delay=20)]
    pair.event("waiting", jobId=jobs[2], prev="delayed")  # promoted, not run
    assert pair.stream("active") == []
    pair.works.ask("resume", queue=pair.queue)
    for job in jobs:
        pair.event("completed", jobId=job)
    pair.event("resumed")


def test_global_concurrency_holds_for_the_worker(pair):
    pair.listen()
    pair.node.ask("set_concurrency", queue=pair.queue, most=2)
    jobs = [pair.add(data={"take_ms": 30}) for _ in range(12)]
    pair.work(concurrency=10)
    for job in jobs:
        pair.event("completed", jobId=job)
    under_way = most = 0
    for _, entry in pair.redis.xrange(pair.key("events")):
        under_way += (entry["event"] == "active") - (entry["event"] == "completed")
        most = max(most, under_way)
    assert most == 2


def test_rate_limit_of_the_worker_holds(pair):
    pair.listen()
    jobs = [pair.add() for _ in range(9)]
    pair.work(concurrency=5, limiter={"max": 3, "duration": 300})
    for job in jobs:
        pair.event("completed", jobId=job)
    starts = [at for at, _ in pair.stream("active")]
    assert all(fourth - first >= 250 for first, fourth in zip(starts, starts[3:])), starts


def test_lock_is_renewed_while_a_long_job_runs(pair):
    """It takes four times as long as its lock lasts, beside a worker that looks for stalled jobs."""
    pair.listen()
    job = pair.add(data={"take_ms": 2000})
    pair.work(lockDuration=500, stalledInterval=200)
    pair.event("completed", jobId=job)
    seen = pair.seen(job)
    assert (seen["attemptsMade"], seen["attemptsStarted"], seen["stalledCounter"]) == (1, 1, 0)
    assert pair.stream("stalled") == []


@pytest.mark.parametrize("dies", ["node", "ours"])
def test_job_of_a_killed_worker_is_run_by_another(pair, start, dies):
    pair.listen()
    job = pair.add(data={"take_ms": 1500, "returns": "done"})
    victim = start(dies)
    victim.ask("work", queue=pair.queue, options={"lockDuration": 400, "stalledInterval": 200})
    pair.event("active", jobId=job)
    victim.kill()
    pair.work(lockDuration=400, stalledInterval=200)
    pair.event("stalled", jobId=job)
    pair.event("completed", jobId=job)
    seen = pair.seen(job)
    assert (seen["returnvalue"], seen["attemptsMade"], seen["attemptsStarted"], seen["stalledCounter"]) == ("done", 1, 2, 1)


@pytest.mark.parametrize("dies", ["node", "ours"])
def test_job_that_stalls_too_often_fails_without_running(pair, start, dies):
    pair.listen()
    job = pair.add(data={"take_ms": 60_000})
    for death in range(2):
        victim = start(dies)
        victim.ask("work", queue=pair.queue, options={"lockDuration": 400, "stalledInterval": 200})
        pair.node.wait_told("event", death + 1, queue=pair.queue, event="active", jobId=job)
        victim.kill()
    pair.work(lockDuration=400, stalledInterval=200)
    failed = pair.event("failed", jobId=job)
    assert failed["failedReason"] == "job stalled more than allowable limit"
    seen = pair.seen(job)
    assert (seen["state"], seen["stalledCounter"]) == ("failed", 2)
    assert len(pair.works.told("ran", queue=pair.queue, job=job)) == 0


def test_producer_is_not_taken_for_a_worker(pair):
    pair.add()
    assert pair.node.ask("workers", queue=pair.queue) == []


def test_worker_is_found_by_its_name(pair):
    pair.work(name="w1")
    [worker] = pair.node.ask("workers", queue=pair.queue)
    assert worker["rawname"].endswith(":w:w1")


def test_closing_worker_finishes_what_runs_and_takes_no_more(pair):
    pair.listen()
    jobs = [pair.add(data={"take_ms": 500}) for _ in range(5)]
    pair.work(concurrency=2)
    for job in jobs[:2]:
        pair.event("active", jobId=job)
    pair.stop()
    assert counts(pair) == {"completed": 2, "waiting": 3}
    assert pair.redis.keys(pair.key("*:lock")) == []


def test_obliterate_leaves_nothing_of_ours(pair):
    pair.listen()
    jobs = [pair.add(data={"log": ["x"], "fail": nth % 2, "progress": [1]}) for nth in range(4)]
    pair.work()
    for nth, job in enumerate(jobs):
        pair.event("failed" if nth % 2 else "completed", jobId=job)
    pair.stop()
    for options in ({}, {"delay": 1000_000}, {"priority": 1}, {"deduplication": {"id": "d", "ttl": 100_000}}):
        pair.add(**options)
    pair.node.ask("obliterate", queue=pair.queue)
    left = {key for key in pair.redis.keys(pair.key("*"))}
    assert left <= {pair.key("de:d")}, left
