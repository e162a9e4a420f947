"""No read shows less than what was acknowledged before it began, under every fault that can be made for real; and the cache
comes back into use after each. CHAOS_SECONDS and CHAOS_SEED set the length and the seed of the mixed run."""
import os
import random
import time
from contextlib import nullcontext

import pytest

from faults import FAULTS, WAITING, small_trouble
from run import SEED

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 5)


def hold(tally, seed):
    story = "\n".join(map(str, [f"CHAOS_SEED={seed}", *tally.stale[:10], *tally.errors[:10]]))
    assert not tally.stale and not tally.errors, story
    assert tally.reads and tally.hits and tally.acknowledged


@pytest.mark.parametrize("name", FAULTS)
def test_no_read_is_stale_under(run, name):
    hold(run.under(name, SEED, FAULTS[name], random.Random(f"{SEED} {name}")), SEED)


def test_no_read_is_stale_under_faults_at_random(run, note):
    done = []

    def mixed(cluster, dice):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            name = dice.choice(list(FAULTS))
            # Who waits until nodes use the cache cannot have one in trouble.
            with small_trouble(cluster, dice) if name not in WAITING else nullcontext("alone") as trouble:
                done.append(f"{name} ({trouble})")
                print(done[-1], flush=True)
                FAULTS[name](cluster, dice)
            cluster.mend()

    tally = run.under("all of these at random", SEED, mixed, random.Random(SEED))
    note(f"the last row: {len(done)} faults, CHAOS_SEED={SEED}")
    hold(tally, SEED)
