"""No read is stale where Redis fails over by itself, or moves its slots; and the cache comes back into use after each."""
import random

import pytest
from run import SEED, Run
from test_faults import hold
from topologies import CLUSTER_FAULTS, SENTINEL_FAULTS, Nodes

from processes import ON_MONGODB, UNDER_ACL
from topology import RedisCluster, Sentinels

pytestmark = pytest.mark.skipif(UNDER_ACL or ON_MONGODB, reason="these servers have no accounts, and it is not about the store")


def nodes_on(kind, folder):
    where = kind(folder)
    nodes = Nodes(folder, where)
    yield Run(nodes)
    nodes.stop()
    where.stop()


@pytest.fixture(scope="module")
def on_sentinels(tmp_path_factory):
    yield from nodes_on(Sentinels, tmp_path_factory.mktemp("sentinels"))


@pytest.fixture(scope="module")
def on_cluster(tmp_path_factory):
    yield from nodes_on(RedisCluster, tmp_path_factory.mktemp("cluster"))


@pytest.mark.parametrize("name", SENTINEL_FAULTS)
def test_sentinels_no_read_is_stale_under(on_sentinels, name):
    hold(on_sentinels.under("sentinels: " + name, SEED, SENTINEL_FAULTS[name], random.Random(f"{SEED} {name}")), SEED)


@pytest.mark.parametrize("name", CLUSTER_FAULTS)
def test_cluster_no_read_is_stale_under(on_cluster, name):
    hold(on_cluster.under("cluster: " + name, SEED, CLUSTER_FAULTS[name], random.Random(f"{SEED} {name}")), SEED)
