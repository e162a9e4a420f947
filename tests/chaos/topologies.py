"""Nodes that find their Redis by themselves, through sentinels or in a cluster; and what happens to such Redises."""
import signal
import threading

from cluster import Cluster, lasting
from processes import until


class Nodes(Cluster):
    """Three nodes on one store, without gates: what goes wrong here goes wrong in Redis."""

    def __init__(self, folder, where, nodes=3):
        self.folder, self.where, self.stores, self.links, self.nodes, self.environment = str(folder), where, [], [], [], {}
        for at in range(nodes):
            self.add_node(f"node {at + 1}", None, REDIS_URL=where.url)
        self.wait_caching()

    def cached(self):
        return self.nodes

    def mend(self):
        self.where.mend()


SENTINEL_FAULTS, CLUSTER_FAULTS = {}, {}


def fault(of, name):
    def add(function):
        of[name] = function
        return function
    return add


# sentinels ------------------------------------------------------------------------------------------------------------

@fault(SENTINEL_FAULTS, "master killed, replica promoted, old master back")
def master_killed(nodes, dice):
    old = nodes.where.master()
    old.kill()
    until(lambda: nodes.where.named() != old.port, "another master")
    nodes.wait_hits()
    old.start()  # empty: the sentinels make it a replica
    nodes.where.wait_in_step()


@fault(SENTINEL_FAULTS, "failover by command, old master up")
def failed_over(nodes, dice):
    old = nodes.where.named()
    nodes.where.fail_over()
    until(lambda: nodes.where.named() != old, "another master")
    nodes.where.wait_in_step()


@fault(SENTINEL_FAULTS, "master paused, replica promoted, two masters at once")
def master_paused(nodes, dice):
    old = nodes.where.master()
    old.signal(signal.SIGSTOP)
    until(lambda: nodes.where.named() != old.port, "another master")
    nodes.wait_hits()
    old.signal(signal.SIGCONT)
    nodes.where.wait_in_step()


@fault(SENTINEL_FAULTS, "a sentinel killed, then the master")
def sentinel_killed(nodes, dice):
    dice.choice(nodes.where.sentinels)[1].kill()
    master_killed(nodes, dice)


# a cluster ------------------------------------------------------------------------------------------------------------

def slots_in_use(nodes):
    """The slots of the load's users: what the checker looks at."""
    return sorted({nodes.where.nodes[0].client.execute_command("CLUSTER KEYSLOT", f"{{{who['id']}}}")
                   for user in nodes.load.users for who in (user.student, user.teacher)})


def another(nodes, node, dice):
    return dice.choice([each for each in nodes.where.masters() if each is not node])


@fault(CLUSTER_FAULTS, "slots in use moved, and back")
def slots_moved(nodes, dice):
    for slot in slots_in_use(nodes):
        home = nodes.where.owner_of(slot)
        away = another(nodes, home, dice)
        nodes.where.move_slot(slot, home, away)
        nodes.where.wait_ok()
        if dice.random() < 0.5:
            nodes.wait_hits()
        nodes.where.move_slot(slot, away, home)
        nodes.where.wait_ok()


@fault(CLUSTER_FAULTS, "a hundred slots moved, those in use among them")
def resharded(nodes, dice):
    for slot in sorted({*slots_in_use(nodes), *dice.sample(range(16384), 100)}):
        home = nodes.where.owner_of(slot)
        nodes.where.move_slot(slot, home, another(nodes, home, dice))
    nodes.where.wait_ok()


@fault(CLUSTER_FAULTS, "a slot half moved for a while")
def half_moved(nodes, dice):
    slot = dice.choice(slots_in_use(nodes))
    home = nodes.where.owner_of(slot)
    away = another(nodes, home, dice)
    nodes.where.begin_move(slot, home, away)
    lasting(2)
    nodes.where.move_slot(slot, home, away)
    nodes.where.wait_ok()


@fault(CLUSTER_FAULTS, "a master killed, its replica promoted, the old one back")
def cluster_master_killed(nodes, dice):
    old = nodes.where.owner_of(dice.choice(slots_in_use(nodes)))
    assert nodes.where.replica_of(old)
    old.kill()
    until(nodes.where.is_ok, "the replica's promotion", 60)
    nodes.wait_hits()
    old.start()
    nodes.where.wait_replicated()


@fault(CLUSTER_FAULTS, "failover by command")
def cluster_failed_over(nodes, dice):
    old = nodes.where.owner_of(dice.choice(slots_in_use(nodes)))
    replica = until(lambda: nodes.where.replica_of(old), "a replica")
    replica.client.execute_command("CLUSTER FAILOVER")
    until(lambda: replica in nodes.where.masters() and nodes.where.is_ok(), "the failover", 60)
    nodes.where.wait_replicated()


@fault(CLUSTER_FAULTS, "a master paused, its replica promoted, two masters at once")
def cluster_master_paused(nodes, dice):
    old = nodes.where.owner_of(dice.choice(slots_in_use(nodes)))
    assert nodes.where.replica_of(old)
    old.signal(signal.SIGSTOP)
    until(lambda: nodes.where.is_ok(without=old), "the replica's promotion", 60)
    nodes.wait_hits()
    old.signal(signal.SIGCONT)
    nodes.where.wait_replicated()


@fault(CLUSTER_FAULTS, "a failover while slots move between the other masters")
def failover_while_moving(nodes, dice):
    *others, failing = dice.sample(nodes.where.masters(), 3)

    def move():
        for slot in slots_in_use(nodes):
            home = nodes.where.owner_of(slot)
            if home in others:
                nodes.where.move_slot(slot, home, others[1 - others.index(home)])

    moving = threading.Thread(target=move)
    replica = until(lambda: nodes.where.replica_of(failing), "a replica")
    moving.start()
    replica.client.execute_command("CLUSTER FAILOVER")
    moving.join()
    nodes.where.wait_replicated()


@fault(CLUSTER_FAULTS, "one master flushed")
def one_flushed(nodes, dice):
    dice.choice(nodes.where.masters()).client.flushall()
