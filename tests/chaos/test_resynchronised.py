"""The narrowest place: a Redis that a node is connected to takes over the data of a lagging replica between two of the
node's looks at its identity, with nobody writing. No connection ends, and what it then holds was valid a moment ago."""
import pytest

from cluster import Cluster, follow, promote
from gate import REPLIES
from processes import until


@pytest.fixture
def cluster(tmp_path):
    one = Cluster(tmp_path, nodes=1)
    yield one
    one.stop()


def test_entry_that_a_resynchronisation_brings_back_is_not_shown(cluster):
    server, master = cluster.nodes[0].server, cluster.master
    teacher = server.register("teacher")
    gig = server.make_gig(teacher)
    for _ in range(5):
        student = server.register("student")

        def read():
            reply = server.get("/api/bookings", student["token"])
            return reply.headers["X-Cache"], reply.json()["total"]

        server.wait_caching()
        until(lambda: read() == ("HIT", 0), "the entry")
        replica, link = cluster.lagging_replica()
        with link.stalled(REPLIES):
            assert server.book(student, gig).status_code == 201
            until(lambda: read() == ("HIT", 1), "the entry of what was booked")
            promote(replica)
        server.wait_caching()
        follow(master, replica.port)
        answers = [read() for _ in range(20)]
        promote(master)
        answers += [read() for _ in range(20)]
        assert {total for _, total in answers} == {1}, answers
        cluster.mend()
