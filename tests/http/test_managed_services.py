"""What managed services forbid (docs/managed), forbidden here by ACLs and by servers that answer in their words: what is
not used may be forbidden; without what the promise rests on, everything is bypassed, and one line says why."""
import pytest

import acl
from conftest import free_port, until
from strange_servers import answering, bulk, redis_that_tells
from test_doctor import examine  # noqa: F401  fixtures
from test_payments import initiated
from test_redis_strange import INFO, behind  # noqa: F401
from test_redis_tls import caches, lost_because, serves_from_the_store
from test_reviews import make_lesson

# As their own pages list them.
FORBIDDEN = {
    "elasticache": ["bgrewriteaof", "bgsave", "config", "debug", "migrate", "replicaof", "save", "slaveof", "shutdown", "sync"],
    "memorydb": ["acl|deluser", "acl|load", "acl|save", "acl|setuser", "bgrewriteaof", "bgsave", "cluster|addslots",
                 "cluster|delslots", "cluster|setslot", "config", "debug", "migrate", "module", "psync", "replicaof", "save",
                 "shutdown", "slaveof", "sync"],
    "redis_cloud": ["acl|deluser", "acl|genpass", "acl|load", "acl|log", "acl|save", "acl|setuser", "bgrewriteaof", "bgsave", "config",
                    "debug", "failover", "lastsave", "migrate", "module", "psync", "replicaof", "role", "save", "shutdown", "slaveof",
                    "swapdb", "sync"],
    "azure": ["acl", "bgrewriteaof", "bgsave", "config", "debug", "migrate", "psync", "replicaof", "save", "shutdown", "slaveof", "sync",
              "cluster", "keys"],
}


@pytest.fixture
def service(redis_server):
    """service(forbidden): the URL of a user who may do everything else."""
    def begin(forbidden):
        redis_server.client.execute_command("ACL", "SETUSER", "managed", "reset", "on", ">secret", "~*", "&*", "+@all",
                                            *("-" + each for each in forbidden))
        return f"redis://managed:secret@127.0.0.1:{redis_server.port}"
    return begin


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_the_service_forbids_is_not_needed(start, gateway, examine, service, redis_server, name):
    url = service(FORBIDDEN[name])
    server = start(**gateway.environment(free_port()), REDIS_URL=url, CACHE_L1_MODE="tracked").wait_caching()
    caches(server)
    payment = initiated(server, make_lesson(server, status="accepted"))
    until(lambda: redis_server.client.zscore("bull:payments:completed", payment["id"]) is not None, "the job")
    assert examine(REDIS_URL=url).bad() == []
    assert acl.refused(redis_server.client) == []


def test_without_tracking_one_line_says_why_and_the_queue_goes_on(start, gateway, examine, service, redis_server):
    url = service(["client|tracking", "info"])
    server = start(**gateway.environment(free_port()), REDIS_URL=url)
    why = lost_because(server)
    assert "client|tracking" in why and "without CLIENT TRACKING" in why, why
    payment = initiated(server, make_lesson(server, status="accepted"))
    until(lambda: redis_server.client.zscore("bull:payments:completed", payment["id"]) is not None, "the job")
    serves_from_the_store(server)
    assert server.log().count("[Redis] Connection lost") == 1
    assert "reprise_trusted 0" in server.get("/metrics").text
    report = examine(REDIS_URL=url)
    assert {("cache", "tracking"), ("cache", "info")} <= set(report.bad()), report.text


@pytest.mark.parametrize("words", ["unknown subcommand 'tracking'. Try CLIENT HELP.", "command 'client|tracking' is not allowed"])
def test_refusals_in_the_services_own_words_are_understood(start, examine, behind, words):
    tells = redis_that_tells(INFO.format("7.1.0", "standalone"))
    url = behind(answering(lambda command: f"-ERR {words}\r\n".encode() if command[0] == "CLIENT" else tells(command)))
    server = start(REDIS_URL=url)
    why = lost_because(server)
    assert words in why and "without CLIENT TRACKING" in why, why
    serves_from_the_store(server)
    report = examine(REDIS_URL=url)
    assert ("cache", "tracking") in report.bad() and words in report.seen("cache", "tracking"), report.text


def test_information_of_headings_alone_is_no_identity(start, examine, behind):
    tells = redis_that_tells("")
    url = behind(answering(lambda command: bulk("# Server\r\n") if command[0] == "INFO" else tells(command)))
    server = start(REDIS_URL=url)
    assert "which data the server holds is not told" in lost_because(server)
    serves_from_the_store(server)
    assert ("cache", "identity") in examine(REDIS_URL=url).bad()
