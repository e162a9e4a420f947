"""Every option of a job, whoever adds it and whoever works on it; told by Node, as BullMQ's own classes see it."""
import json
import time

import pytest


def test_plain_job_its_name_data_and_return_value_arrive(pair):
    pair.listen()
    data = {"to": "a@example.com", "text": "Grüße \u2713 \"quoted\"", "nested": {"list": [1, 2.5, None, True]},
            "returns": {"ok": [1, "zwei"]}}
    job = pair.add("email", data)
    pair.work()
    done = pair.event("completed", jobId=job)
    assert done["returnvalue"] == {"ok": [1, "zwei"]} and done["prev"] == "active"
    seen = pair.seen(job)
    assert (seen["name"], seen["data"], seen["state"]) == ("email", data, "completed")
    assert seen["returnvalue"] == {"ok": [1, "zwei"]}
    assert (seen["attemptsMade"], seen["attemptsStarted"]) == (1, 1)
    assert seen["timestamp"] <= seen["processedOn"] <= seen["finishedOn"]
    pair.event("drained")
    assert pair.events(job) == ["added", "waiting", "active", "completed"]
    assert pair.redis.exists(pair.key(f"{job}:lock")) == 0


def test_data_of_every_json_kind_arrives(pair):
    pair.listen()
    kinds = [None, True, 0, -1.5, "text", [], [1, [2]], {"deep": {"er": {}}}, {"big": "x" * 100_000}, {"": "\u0000\u001f"}]
    jobs = [pair.adds.ask("add", queue=pair.queue, name="n", data=data, options={}) for data in kinds]
    pair.work()
    for job, data in zip(jobs, kinds):
        pair.event("completed", jobId=job)
        assert pair.seen(job)["data"] == data


def test_delayed_job_runs_when_it_is_due_and_not_before(pair):
    pair.listen()
    pair.work()
    before = time.time()
    job = pair.add(delay=700)
    after = time.time()
    due = int(pair.event("delayed", jobId=job)["delay"])
    assert before * 1000 + 699 <= due <= after * 1000 + 701
    assert pair.get(job)["state"] == "delayed"
    pair.event("completed", jobId=job)
    seen = pair.seen(job)
    assert due <= seen["processedOn"] < due + 500
    assert seen["delay"] == 0
    assert pair.events(job) == ["added", "delayed", "waiting", "active", "completed"]


def test_priorities_run_low_number_first_after_plain_jobs_and_in_order_of_arrival(pair):
    pair.listen()
    wanted = {pair.add(f"{priority}-{nth}", priority=priority): (priority, nth)
              for nth, priority in enumerate([5, 1, 0, 2_097_151, 1, 5, 0])}
    assert pair.node.ask("counts", queue=pair.queue)["prioritized"] == 5
    pair.work()
    for job in wanted:
        pair.event("completed", jobId=job)
    # Plain jobs have priority 0 and are first.
    assert [wanted[entry["jobId"]] for _, entry in pair.stream("active")] == sorted(wanted.values())


def test_lifo_job_is_next(pair):
    pair.listen()
    first, second, last = pair.add("a"), pair.add("b"), pair.add("c", lifo=True)
    pair.work()
    pair.event("completed", jobId=second)
    assert [entry["jobId"] for _, entry in pair.stream("active")] == [last, first, second]


def test_custom_id_is_kept_and_its_repetition_adds_nothing(pair):
    pair.listen()
    assert pair.add("first", {"n": 1}, jobId="order-17") == "order-17"
    assert pair.add("second", {"n": 2}, jobId="order-17") == "order-17"
    pair.event("duplicated", jobId="order-17")
    pair.work()
    pair.event("completed", jobId="order-17")
    assert pair.add("third", {"n": 3}, jobId="order-17") == "order-17"  # also once it is finished
    seen = pair.seen("order-17")
    assert (seen["name"], seen["data"], seen["state"], seen["attemptsMade"]) == ("first", {"n": 1}, "completed", 1)


@pytest.mark.parametrize("wrong", ["12", "0:x", "a:b"])
def test_custom_id_that_the_model_forbids_is_refused(pair, wrong):
    with pytest.raises(Exception):
        pair.add(jobId=wrong)
    assert pair.redis.exists(pair.key(wrong)) == 0


def test_deduplication_holds_until_the_job_is_finished(pair):
    pair.listen()
    first = pair.add("first", deduplication={"id": "d"})
    assert pair.add("second", deduplication={"id": "d"}) == first
    told = pair.event("deduplicated", jobId=first)
    assert told["deduplicationId"] == "d"
    pair.work()
    pair.event("completed", jobId=first)
    assert pair.redis.exists(pair.key("de:d")) == 0
    third = pair.add("third", deduplication={"id": "d"})
    assert third != first
    pair.event("completed", jobId=third)


def test_deduplication_with_a_ttl_outlives_the_job(pair):
    pair.listen()
    first = pair.add("first", deduplication={"id": "d", "ttl": 60_000})
    pair.work()
    pair.event("completed", jobId=first)
    assert 0 < pair.redis.pttl(pair.key("de:d")) <= 60_000
    assert pair.add("second", deduplication={"id": "d", "ttl": 60_000}) == first


@pytest.mark.parametrize("backoff, pauses", [(None, [0, 0]), ({"type": "fixed", "delay": 150}, [150, 150]),
                                             ({"type": "exponential", "delay": 150}, [150, 300]), (150, [150, 150])])
def test_failed_job_is_tried_again_after_its_backoff(pair, backoff, pauses):
    pair.listen()
    pair.work()
    job = pair.add(data={"fail": 2, "returns": "done"}, attempts=3, **({"backoff": backoff} if backoff else {}))
    pair.event("completed", jobId=job)
    seen = pair.seen(job)
    assert (seen["attemptsMade"], seen["attemptsStarted"], seen["returnvalue"]) == (3, 3, "done")
    assert (seen["failedReason"], seen["stacktrace"]) == ("failure 2", 2)  # as BullMQ leaves it
    starts = [at for at, _ in pair.stream("active")]
    for pause, before, after in zip(pauses, starts, starts[1:]):
        assert pause <= after - before < pause + 500
    assert pair.stream("failed") == []
    assert len(pair.stream("delayed")) == (2 if backoff else 0)


def test_job_that_keeps_failing_fails_for_good_after_its_attempts(pair):
    pair.listen()
    pair.work()
    job = pair.add(data={"fail": 9}, attempts=3)
    failed = pair.event("failed", jobId=job)
    assert failed["failedReason"] == "failure 3"
    assert pair.event("retries-exhausted", jobId=job)["attemptsMade"] == "3"
    seen = pair.seen(job)
    assert (seen["state"], seen["attemptsMade"], seen["stacktrace"], seen["failedReason"]) == ("failed", 3, 3, "failure 3")


def test_unrecoverable_failure_is_not_tried_again(pair):
    pair.listen()
    pair.work()
    job = pair.add(data={"unrecoverable": "the card is stolen"}, attempts=5, backoff={"type": "fixed", "delay": 1})
    assert pair.event("failed", jobId=job)["failedReason"] == "the card is stolen"
    seen = pair.seen(job)
    assert (seen["state"], seen["attemptsMade"]) == ("failed", 1)


@pytest.mark.parametrize("jitter", [0.5, 1])
def test_jitter_shortens_the_backoff_within_its_bounds(pair, jitter):
    pair.listen()
    pair.work()
    job = pair.add(data={"fail": 6}, attempts=6, backoff={"type": "fixed", "delay": 100, "jitter": jitter})
    pair.event("failed", jobId=job)
    pauses = [int(entry["delay"]) - at for at, entry in pair.stream("delayed")]
    immediate = [entry for _, entry in pair.stream("waiting") if entry.get("prev") == "active"]
    assert len(pauses) + len(immediate) == 5  # a pause that jitter made 0 is none
    # When it is due was told before the event was written, which a busy machine may take its time for.
    assert all(100 * (1 - jitter) - 1000 <= pause <= 100 for pause in pauses), pauses


@pytest.mark.parametrize("keep, left", [(True, 0), (False, 4), (2, 2), ({"count": 1}, 1), ({"age": 3600}, 4), ({"age": 3600, "count": 3}, 3)])
@pytest.mark.parametrize("option, end", [("removeOnComplete", "completed"), ("removeOnFail", "failed")])
def test_finished_jobs_are_kept_as_the_option_says(pair, option, end, keep, left):
    pair.listen()
    data = {"log": ["a line"], **({"fail": 1} if end == "failed" else {})}
    jobs = [pair.add(data=data, **{option: keep}) for _ in range(4)]
    pair.work()
    for job in jobs:
        pair.event(end, jobId=job)
    pair.stop()
    assert pair.node.ask("counts", queue=pair.queue)[end] == left
    kept = jobs[len(jobs) - left:]
    for job in jobs:
        assert pair.redis.exists(pair.key(job), pair.key(f"{job}:logs")) == (2 if job in kept else 0)


def test_jobs_older_than_the_age_to_keep_go_when_another_finishes(pair):
    pair.listen()
    pair.work()
    old = pair.add()
    pair.event("completed", jobId=old)
    pair.redis.zadd(pair.key("completed"), {old: int(time.time() * 1000) - 5000})  # as if five seconds had passed
    new = pair.add(removeOnComplete={"age": 3})
    pair.event("completed", jobId=new)
    pair.stop()
    assert pair.redis.zrange(pair.key("completed"), 0, -1) == [new]
    assert pair.redis.exists(pair.key(old)) == 0


def test_progress_and_logs_are_seen_by_the_other_side(pair):
    pair.listen()
    job = pair.add(data={"progress": [10, {"step": "two"}], "log": ["line 1", "line 2", "line \u2713"]})
    pair.work()
    pair.event("completed", jobId=job)
    assert [each["data"] for each in pair.node.told("event", queue=pair.queue, event="progress", jobId=job)] == [10, {"step": "two"}]
    assert pair.seen(job)["progress"] == {"step": "two"}
    for side in (pair.node, pair.adds):
        assert side.ask("logs", queue=pair.queue, job=job) == ["line 1", "line 2", "line \u2713"]


def test_trace_goes_with_the_job(pair):
    carrier = json.dumps({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    job = pair.add(telemetry={"metadata": carrier})
    assert pair.seen(job)["telemetry"] == carrier
    assert json.loads(pair.redis.hget(pair.key(job), "opts"))["tm"] == carrier


def test_keep_logs_keeps_the_last_lines(pair):
    pair.listen()
    job = pair.add(data={"log": ["1", "2", "3", "4"]}, keepLogs=2)
    pair.work()
    pair.event("completed", jobId=job)
    assert pair.node.ask("logs", queue=pair.queue, job=job) == ["3", "4"]


def test_stack_trace_limit_keeps_the_last_failures(pair):
    pair.listen()
    jobs = [pair.add(data={"fail": 4}, attempts=4, stackTraceLimit=limit) for limit in (0, 2)]
    pair.work()
    for job in jobs:
        pair.event("failed", jobId=job)
    assert [pair.seen(job)["stacktrace"] for job in jobs] == [0, 2]


def test_wait_until_finished_returns_what_the_job_returned(pair):
    job = pair.add(data={"returns": [1, {"two": 2}]})
    waiting = pair.node.begin("wait", queue=pair.queue, job=job)
    pair.work()
    assert pair.node.result(waiting) == {"returned": [1, {"two": 2}]}
    assert pair.node.ask("wait", queue=pair.queue, job=job) == {"returned": [1, {"two": 2}]}  # and afterwards


def test_wait_until_finished_tells_why_it_failed(pair):
    job = pair.add(data={"fail": 1})
    waiting = pair.node.begin("wait", queue=pair.queue, job=job)
    pair.work()
    assert pair.node.result(waiting) == {"failed": "failure 1"}
    assert pair.node.ask("wait", queue=pair.queue, job=job) == {"failed": "failure 1"}


def test_jobs_in_bulk_are_added_in_their_order(pair):
    pair.listen()
    wanted = [{"name": f"n{i}", "data": {"i": i}, "options": {"delay": 50} if i == 3 else {"priority": 7} if i == 4 else {}}
              for i in range(600)]
    jobs = pair.adds.ask("add_bulk", queue=pair.queue, jobs=wanted)
    assert len(set(jobs)) == 600
    counts = pair.node.ask("counts", queue=pair.queue)
    assert (counts["waiting"], counts["delayed"], counts["prioritized"]) == (598, 1, 1)
    pair.work(concurrency=20)
    for job, asked in zip(jobs, wanted):
        pair.event("completed", jobId=job)
    assert [pair.seen(job)["data"] for job in jobs[::100]] == [asked["data"] for asked in wanted[::100]]


def test_our_listener_tells_what_node_s_tells(pair, standing):
    ours = standing("ours")
    ours.ask("listen", queue=pair.queue)
    pair.listen()
    job = pair.add(data={"progress": [7, {"of": 9}], "returns": {"a": [1]}, "fail": 1}, attempts=2, backoff=20)
    pair.add(data={"fail": 1}, delay=10, priority=2)
    pair.work()
    pair.event("completed", jobId=job)
    pair.event("failed")
    told = [[{name: value for name, value in each.items() if name != "news"} for each in side.told("event", queue=pair.queue)]
            for side in (pair.node, ours) if side.wait_told("event", queue=pair.queue, event="retries-exhausted")]
    both = min(map(len, told))  # one may be a step behind
    assert told[0][:both] == told[1][:both] and both >= 12


def test_our_wait_returns_what_the_job_returned_or_why_it_failed(pair, standing):
    ours = standing("ours")
    good, bad = pair.add(data={"returns": {"two": 2}}), pair.add(data={"fail": 1})
    waiting = [ours.begin("wait", queue=pair.queue, job=job) for job in (good, bad)]
    pair.work()
    assert [ours.result(each) for each in waiting] == [{"returned": {"two": 2}}, {"failed": "failure 1"}]
    assert ours.ask("wait", queue=pair.queue, job=good) == {"returned": {"two": 2}}
