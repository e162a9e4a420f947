"""Redis over TLS: what is verified, what is said of a refused certificate, and that a refusal costs nothing but the cache."""
import os
import re
import subprocess

import pytest
import redis

from certificates import Authority
from conftest import SERVER, Redis, free_port, until
from test_payments import initiated
from test_reviews import make_lesson


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.sign("good")


class TlsRedis(Redis):
    """A redis-server that speaks TLS alone. `certificate` may be exchanged between kill() and start()."""

    def __init__(self, folder, authority, certificate, clients="no"):
        self.authority, self.certificate, self.clients = authority, certificate, clients
        super().__init__(folder)

    def start(self):
        self.options = ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", self.certificate[0], "--tls-key-file",
                        self.certificate[1], "--tls-ca-cert-file", self.authority.ca, "--tls-auth-clients", self.clients]
        super().start()

    def connect(self):
        return redis.Redis(port=self.port, decode_responses=True, ssl=True, ssl_cert_reqs="none",
                           ssl_certfile=self.certificate[0], ssl_keyfile=self.certificate[1])

    @property
    def url(self):
        return f"rediss://127.0.0.1:{self.port}/0"


@pytest.fixture
def tls_redis(tmp_path, authority):
    """tls_redis(certificate, …): a running one."""
    running = []

    def begin(certificate, **options):
        running.append(TlsRedis(tmp_path, authority, certificate, **options))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


def lost_because(server):
    """What follows "Connection lost:" in the last such line, when there is one, whole."""
    said = re.compile(r"\[Redis\] Connection lost: (.*Caching bypassed; retrying\.)$", re.MULTILINE)
    return until(lambda: said.findall(server.log()), "the line")[-1]


def serves_from_the_store(server):
    student = server.register("student")
    for _ in range(2):
        reply = server.get("/api/bookings", student["token"])
        assert (reply.status_code, reply.headers["X-Cache"]) == (200, "BYPASS"), reply.text


def caches(server):
    student = server.wait_caching().register("student")
    assert [server.get("/api/bookings", student["token"]).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_server_of_a_known_authority_is_used(start, tls_redis, authority, good):
    server = start(REDIS_URL=tls_redis(good).url, REDIS_CA_FILE=authority.ca)
    caches(server)
    until(lambda: "[Redis] Connected successfully" in server.log(), "the line")


def test_name_of_the_url_is_verified_and_another_one_where_it_is_given(start, tls_redis, authority):
    running = tls_redis(authority.sign("inside", "DNS:redis.inside.example"))
    by_name = running.url.replace("127.0.0.1", "localhost")
    refused = start(REDIS_URL=by_name, REDIS_CA_FILE=authority.ca)
    assert "the server's certificate is not for the name localhost" in lost_because(refused)
    serves_from_the_store(refused)
    caches(start(REDIS_URL=by_name, REDIS_CA_FILE=authority.ca, REDIS_SERVER_NAME="redis.inside.example"))


def test_address_is_verified_as_one(start, tls_redis, authority):
    running = tls_redis(authority.sign("name-only", "DNS:localhost"))
    refused = start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert "the server's certificate is not for the address 127.0.0.1" in lost_because(refused)
    serves_from_the_store(refused)
    caches(start(REDIS_URL=running.url.replace("127.0.0.1", "localhost"), REDIS_CA_FILE=authority.ca))


def test_unknown_authority_is_refused_and_named_so(start, tls_redis, good, tmp_path):
    running = tls_redis(good)
    for extra in ({}, {"REDIS_CA_FILE": Authority(tmp_path / "another").ca}):
        server = start(REDIS_URL=running.url, **extra)
        assert "the server's certificate is of an unknown authority" in lost_because(server)
        serves_from_the_store(server)


def test_self_signed_certificate_is_named_so(start, tls_redis, tmp_path):
    own = Authority(tmp_path / "own", "localhost")
    server = start(REDIS_URL=tls_redis((own.ca, own.key)).url)
    assert "the server's certificate is self-signed" in lost_because(server)
    serves_from_the_store(server)


def test_expired_certificate_is_named_and_its_successor_taken(start, tls_redis, authority, good):
    running = tls_redis(authority.sign("expired", ends="20210101000000Z"))
    server = start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert "the server's certificate has expired" in lost_because(server)
    serves_from_the_store(server)
    # While it is tried again and again, one line is written in half a minute.
    assert server.log().count("[Redis] Connection lost") == 1
    running.kill()
    running.certificate = good
    running.start()
    caches(server)


def test_certificate_of_the_future_is_named(start, tls_redis, authority):
    running = tls_redis(authority.sign("early", begins="20380101000000Z"))
    server = start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert "the server's certificate is not valid yet" in lost_because(server)


def test_client_certificate_is_given_where_it_is_demanded(start, tls_redis, authority, good):
    running = tls_redis(good, clients="yes")
    without = start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca)
    assert "demands a client's certificate" in lost_because(without)
    serves_from_the_store(without)
    certificate, key = authority.sign("client")
    caches(start(REDIS_URL=running.url, REDIS_CA_FILE=authority.ca, REDIS_CERT_FILE=certificate, REDIS_KEY_FILE=key))


def test_client_certificate_of_a_stranger_is_refused(start, tls_redis, authority, good, tmp_path):
    certificate, key = Authority(tmp_path / "stranger").sign("client")
    server = start(REDIS_URL=tls_redis(good, clients="yes").url, REDIS_CA_FILE=authority.ca, REDIS_CERT_FILE=certificate,
                   REDIS_KEY_FILE=key)
    assert "refuses the client's certificate" in lost_because(server)
    serves_from_the_store(server)


def test_plain_server_behind_a_tls_url(start, redis_server, authority):
    server = start(REDIS_URL=redis_server.url.replace("redis://", "rediss://"), REDIS_CA_FILE=authority.ca)
    assert "speak TLS" in lost_because(server)
    serves_from_the_store(server)


def test_tls_server_behind_a_plain_url(start, tls_redis, good):
    server = start(REDIS_URL=tls_redis(good).url.replace("rediss://", "redis://"))
    assert "does it want TLS" in lost_because(server)
    serves_from_the_store(server)


def test_payment_goes_through_a_queue_over_tls(start, gateway, tls_redis, authority, good):
    running = tls_redis(good, clients="yes")
    certificate, key = authority.sign("worker")
    server = start(**gateway.environment(free_port()), QUEUE_REDIS_URL=running.url, REDIS_URL=running.url,
                   REDIS_CA_FILE=authority.ca, REDIS_CERT_FILE=certificate, REDIS_KEY_FILE=key).wait_caching()
    until(lambda: [each for each in running.client.client_list() if each["name"].startswith("bull:")], "the worker")
    payment = initiated(server, make_lesson(server, status="accepted"))
    until(lambda: running.client.zscore("bull:payments:completed", payment["id"]) is not None, "the job")


def test_queue_of_an_unknown_authority_is_named_and_the_payment_made_without_it(start, gateway, redis_server, tls_redis, good):
    server = start(**gateway.environment(free_port()), QUEUE_REDIS_URL=tls_redis(good).url,
                   REDIS_URL=redis_server.url).wait_caching()
    until(lambda: "no connection to Redis at rediss://" in server.log(), "the line")
    assert "the server's certificate is of an unknown authority; trying again" in server.log()
    initiated(server, make_lesson(server, status="accepted"))


def check(tmp_path, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("REDIS_", "QUEUE_"))}
    return subprocess.run([SERVER, "serve", "--check-config"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          env={**clean, "REDIS_URL": "rediss://localhost", **environment})


def test_wrong_files_end_the_start_and_name_the_variable(tmp_path, authority, good):
    certificate, key = good
    other_key = authority.sign("other")[1]
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate")
    subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:x", "-in", key, "-out", tmp_path / "locked.pem"], check=True,
                   capture_output=True)
    for variables, named in (
            ({"REDIS_CA_FILE": "/nonexistent.pem"}, "REDIS_CA_FILE"),
            ({"REDIS_CA_FILE": str(nothing)}, "REDIS_CA_FILE holds no certificate"),
            ({"REDIS_CERT_FILE": certificate}, "REDIS_KEY_FILE is missing"),
            ({"REDIS_KEY_FILE": key}, "REDIS_CERT_FILE is missing"),
            ({"REDIS_CERT_FILE": str(nothing), "REDIS_KEY_FILE": key}, "REDIS_CERT_FILE holds no certificate"),
            ({"REDIS_CERT_FILE": certificate, "REDIS_KEY_FILE": str(nothing)}, "REDIS_KEY_FILE holds no key"),
            ({"REDIS_CERT_FILE": certificate, "REDIS_KEY_FILE": str(tmp_path / "locked.pem")}, "REDIS_KEY_FILE holds no key"),
            ({"REDIS_CERT_FILE": certificate, "REDIS_KEY_FILE": other_key}, "REDIS_KEY_FILE is not the key")):
        run = check(tmp_path, **variables)
        assert (run.returncode, named in run.stderr) == (2, True), (variables, run.stderr)
    assert check(tmp_path, REDIS_CA_FILE=authority.ca, REDIS_CERT_FILE=certificate, REDIS_KEY_FILE=key).returncode == 0
    unused = check(tmp_path, REDIS_URL="redis://localhost", REDIS_CA_FILE=authority.ca)
    assert (unused.returncode, "do nothing" in unused.stderr) == (0, True), unused.stderr
