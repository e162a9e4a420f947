"""Workers of both kinds on one queue, jobs of both kinds of producers, failures, delays, and workers killed and replaced all
along: then every job is accounted for, one by one. INTEROP_SEED and INTEROP_JOBS change the run; the account is
build/interop-account.txt."""
import collections
import os
import pathlib
import random
import time

from peers import HERE

SEED = int(os.environ.get("INTEROP_SEED") or random.SystemRandom().randrange(2**32))
JOBS = int(os.environ.get("INTEROP_JOBS") or 3000)
KINDS = ["node"] if os.environ.get("INTEROP_NODE_ONLY") == "1" else ["node", "ours"]
PATIENCE = 240  # seconds
REPORT = HERE.parent.parent / "build/interop-account.txt"
# Short locks, so that a killed worker's jobs come back soon; a job may stall as often as its workers are killed.
WORKER = {"concurrency": 8, "lockDuration": 1500, "stalledInterval": 500, "maxStalledCount": 1000, "drainDelay": 1}


def make_job(chance, number):
    """What is asked of a job; how it must end follows from its data and options alone, whoever is killed meanwhile."""
    attempts = chance.choice([1, 1, 2, 3, 4])
    data = {"number": number, "returns": {"number": number}, "take_ms": chance.choice([0, 0, 1, 5, 20, 60])}
    options = {"attempts": attempts}
    if chance.random() < 0.3:
        data["fail"] = chance.randint(1, attempts)
    elif chance.random() < 0.05:
        data["unrecoverable"] = "not again"
    if chance.random() < 0.6:
        options["backoff"] = chance.choice([{"type": "fixed", "delay": 50}, {"type": "exponential", "delay": 20, "jitter": 0.5}, 10])
    if chance.random() < 0.3:
        options["delay"] = chance.randint(1, 3000)
    if chance.random() < 0.3:
        options["priority"] = chance.randint(1, 5)
    if chance.random() < 0.2:
        options["jobId"] = f"own-{number}"
    if chance.random() < 0.1:
        options["lifo"] = True
    return {"name": f"n{number}", "data": data, "options": options}


def expected(job):
    """(how it ends, attempts made)."""
    fails, attempts = job["data"].get("fail", 0), job["options"]["attempts"]
    if "unrecoverable" in job["data"]:
        return "failed", 1
    return ("completed", fails + 1) if fails < attempts else ("failed", attempts)


def run(chance, queue, standing, start, redis):
    """{id: job}, {kind: workers killed}; returns when all have ended, or nothing has for long."""
    asked, workers, killed, key = {}, [], collections.Counter(), f"bull:{queue}:"

    def begin(kind):
        workers.append((kind, start(kind)))
        workers[-1][1].ask("work", queue=queue, options=WORKER)

    for kind in KINDS:
        standing(kind).ask("counts", queue=queue)  # opens it there, which writes its metadata
    redis.hset(key + "meta", "opts.maxLenEvents", 10_000_000)
    for kind in KINDS * 2:
        begin(kind)
    made = [make_job(chance, number) for number in range(JOBS)]
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if made:
            batch, made = made[:100], made[100:]
            ids = standing(chance.choice(KINDS)).ask("add_bulk", queue=queue, jobs=batch)
            asked.update(zip(ids, batch))
        elif redis.zcard(key + "completed") + redis.zcard(key + "failed") >= JOBS:
            break
        time.sleep(chance.uniform(0.05, 0.3))  # the pace of the faults, no waiting for anything
        if chance.random() < 0.4 and (made or redis.llen(key + "active")):
            kind, victim = workers.pop(chance.randrange(len(workers)))
            victim.kill()
            killed[kind] += 1
            begin(kind)
    for _, worker in workers:
        worker.stop()
    return asked, killed


def account(queue, asked, redis):
    """What is wrong, a line each, and numbers of what happened, out of Redis alone: the stream tells what happened to each
    job, the hash what is left of it, and the lists where it stands."""
    key, wrong, sums = f"bull:{queue}:", [], collections.Counter()
    events = collections.defaultdict(collections.Counter)
    for _, entry in redis.xrange(key + "events"):
        if "jobId" in entry:
            events[entry["jobId"]][entry["event"]] += 1
    ended = {"completed": set(redis.zrange(key + "completed", 0, -1)), "failed": set(redis.zrange(key + "failed", 0, -1))}
    for job, wanted in asked.items():
        end, attempts = expected(wanted)
        seen, had = redis.hgetall(key + job), events[job]
        taken, stalled = int(seen.get("ats", 0)), int(seen.get("stc", 0))
        checks = {
            "added once": had["added"] == 1,
            f"ended once, {end}": had["completed"] + had["failed"] == had[end] == 1,
            f"stands in {end} alone": job in ended[end] and job not in ended["failed" if end == "completed" else "completed"],
            f"{attempts} attempts": int(seen.get("atm", 0)) == attempts,
            "each take was an attempt or a stall": taken == had["active"] == attempts + stalled and had["stalled"] == stalled,
            "returned its own": end == "failed" or seen.get("returnvalue") == f'{{"number":{wanted["data"]["number"]}}}',
            "exhausted its attempts": had["retries-exhausted"] == (end == "failed" and attempts >= wanted["options"]["attempts"]),
        }
        wrong += [f"{job}: not {what}: {dict(had)} {seen}" for what, holds in checks.items() if not holds]
        sums.update({end: 1, "takes": taken, "failed attempts": attempts - (end == "completed"), "stalls": stalled})
    strangers = (ended["completed"] | ended["failed"]) - set(asked)
    left = {name: redis.type(key + name) for name in ("wait", "active", "delayed", "prioritized", "stalled") if redis.exists(key + name)}
    wrong += [f"unknown jobs ended: {strangers}"] * bool(strangers) + [f"left behind: {left}"] * bool(left)
    wrong += [f"locks left: {locks}" for locks in [redis.keys(key + "*:lock")] if locks]
    return wrong, sums


def test_mixed_workers_killed_and_replaced_lose_no_job_and_finish_none_twice(queue, standing, start, redis_server):
    began, chance = time.monotonic(), random.Random(SEED)
    print(f"INTEROP_SEED={SEED} INTEROP_JOBS={JOBS}")
    programs = collections.defaultdict(list)

    def begin(kind):
        programs[kind].append(start(kind))
        return programs[kind][-1]

    asked, killed = run(chance, queue, standing, begin, redis_server.client)
    wrong, sums = account(queue, asked, redis_server.client)
    runs = {kind: sum(len(each.told("ran", queue=queue)) for each in every) for kind, every in programs.items()}
    text = "\n".join([
        f"INTEROP_SEED={SEED} INTEROP_JOBS={JOBS}: {time.monotonic() - began:.0f} s",
        f"jobs added {len(asked)}, completed {sums['completed']}, failed {sums['failed']}, wrong {len(wrong)}",
        f"takes {sums['takes']} = successes {sums['completed']} + failed attempts {sums['failed attempts']} + stalls {sums['stalls']}",
        *(f"{kind}: workers killed {killed[kind]} of {len(programs[kind])}, runs begun {runs[kind]}" for kind in KINDS), *wrong[:50]])
    pathlib.Path(REPORT).write_text(text + "\n")
    print(text)
    assert len(asked) == JOBS and not wrong, text
    assert sums["takes"] == sums["completed"] + sums["failed attempts"] + sums["stalls"]
    for kind in KINDS:  # a run that shows nothing is none
        assert killed[kind] >= 2 and runs[kind] > JOBS / 20
    assert sums["stalls"] > 0
