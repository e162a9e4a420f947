"""A cluster under load and under a fault, and the report of all such runs of this process."""
import os
import random

from checker import Load, table
from processes import until

SEED = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(1 << 32))
tallies, notes = [], []  # of the report: one tally for each fault, and lines beside the table


class Run:
    def __init__(self, cluster):
        self.cluster = cluster

    def under(self, name, seed, fault, dice):
        """Does `fault` under load, waits for hits at every node, and returns the tally, which is also reported."""
        cluster = self.cluster
        visitor = cluster.nodes[0].server.register("student")
        cluster.load = Load(cluster.asked, cluster.users(3), seed, visitor)
        cluster.wait_hits = lambda: hits_come_back(cluster)
        tally = cluster.load.under(name)
        tallies.append(tally)
        try:
            cluster.wait_hits()
            fault(cluster, dice)
            cluster.wait_hits()
            cluster.mend()
            cluster.wait_hits()
        finally:
            cluster.load.stop()
        return tally


def hits_come_back(cluster):
    """Waits until every node with a Redis has answered from it again, to clients who go on all the time."""
    tally = cluster.load.tally
    with tally.lock:
        before = {node.port: tally.hits_of[node.port] for node in cluster.cached()}
    until(lambda: all(tally.hits_of[port] > count for port, count in before.items()), "hits at every node")


def report():
    """The report's lines; none where nothing ran."""
    if not tallies:
        return list(notes)
    stale, errors = [sum(len(getattr(one, what)) for one in tallies) for what in ("stale", "errors")]
    reads, writes = sum(one.reads for one in tallies), sum(one.acknowledged for one in tallies)
    return [table(tallies), "", *notes, f"{reads} reads checked against {writes} acknowledged writes under {len(tallies)} "
            f"faults: {stale} stale, {errors} errors"]
