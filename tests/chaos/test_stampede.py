"""Very many clients who miss one key at once, over several processes."""
import asyncio
import contextlib
import re
import socket

import pytest

from cluster import Cluster
from processes import until

CLIENTS = 1000


@pytest.fixture
def start(tmp_path):
    """A Redis deadline far beyond what a busy machine needs: these tests count reads of the store, and a lookup that times
    out goes there by itself."""
    with contextlib.ExitStack() as stack:
        def begin(**environment):
            cluster = Cluster(tmp_path, nodes=4, **{"REDIS_DEADLINE_MS": 5000, "STORE_DELAY_MS": 50, **environment})
            stack.callback(cluster.stop)
            return cluster
        yield begin


def origin_reads(node):
    return node.server.store_operations("list_bookings")


def request_of(token):
    return f"GET /api/bookings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def ask_all_at_once(nodes, token, clients):
    """Connects them all, then sends every request; returns the status lines and X-Cache of the replies."""
    places = [await asyncio.open_connection("127.0.0.1", nodes[i % len(nodes)].port) for i in range(clients)]
    for _, writer in places:
        writer.write(request_of(token))
    replies = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in places)), timeout=60)
    for _, writer in places:
        writer.close()
    return [(int(reply[9:12]), re.search(rb"X-Cache: (\w+)", reply).group(1).decode()) for reply in replies]


def test_thousand_clients_on_four_processes_cause_one_origin_read(start, note):
    cluster = start()
    student = cluster.nodes[0].server.register("student")
    before = sum(map(origin_reads, cluster.nodes))
    replies = asyncio.run(ask_all_at_once(cluster.nodes, student["token"], CLIENTS))
    reads = sum(map(origin_reads, cluster.nodes)) - before
    note(f"stampede: {CLIENTS} clients on 4 processes miss one key at once: {reads} origin read(s)")
    assert [status for status, _ in replies] == [200] * CLIENTS
    assert reads == 1


def test_fill_whose_holder_is_killed_is_done_by_the_others(start, note):
    cluster = start()
    nodes = cluster.asked()
    student = nodes[0].server.register("student")
    nodes[0].server.get("/api/auth/me", student["token"])  # so that the slow node finds the session in Redis
    slow = cluster.add_node("slow node", cluster.master, STORE_DELAY_MS=60_000)
    slow.server.wait_caching()
    with socket.create_connection(("127.0.0.1", slow.port)) as client:
        client.sendall(request_of(student["token"]))
        locks = f"bookings:user:{student['id']}:*:fill"
        until(lambda: list(cluster.master.client.scan_iter(locks)), "the fill lock to be taken")
        slow.kill()
    before = sum(map(origin_reads, nodes))
    replies = asyncio.run(ask_all_at_once(nodes, student["token"], 200))
    reads = sum(map(origin_reads, nodes)) - before
    note(f"fill lock whose holder was killed: 200 clients on 4 processes, all answered, {reads} origin reads")
    assert [status for status, _ in replies] == [200] * 200
    assert 1 <= reads <= 2 * len(nodes)  # nobody may store without the lock, so who comes later reads again
