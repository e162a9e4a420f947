"""Real servers for tests from outside: Redis and bookings-server, each on a free port, each stopped by its pid."""
import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from urllib.parse import urlsplit, urlunsplit

import redis
import requests

import acl

SERVER = os.path.abspath(os.environ.get("BOOKINGS_SERVER", "build/asan/bookings-server"))
# REDIS_SERVER may name another one, such as Valkey's (tools/test-valkey).
REDIS_SERVER = os.environ.get("REDIS_SERVER", "redis-server")
LIMIT = 30  # seconds that any wait for an event may take


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {limit} s in vain for {what}")


def is_sanitized(program):
    """Address sanitizer keeps what was freed, so such a program's memory tells nothing."""
    with open(program, "rb") as file:
        return b"__asan_init" in file.read()


# Every Redis lets in the users of docs/operations.md alone, and must have refused nothing at its end.
UNDER_ACL = os.environ.get("TEST_REDIS_ACL") == "1"


class Redis:
    """One redis-server. It saves nothing by itself; what stands in its folder as dump.rdb is loaded at start()."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.port, self.process = folder, options, free_port(), None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [REDIS_SERVER, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
             *(acl.users() if UNDER_ACL else []), *self.options],
            cwd=self.folder, stdout=subprocess.DEVNULL)
        self.client = self.connect()
        until(self.answers, "Redis to answer")

    def connect(self):
        return redis.Redis(port=self.port, decode_responses=True, **(acl.TESTER if UNDER_ACL else {}))

    def answers(self):
        try:
            return self.client.ping()
        except redis.exceptions.ConnectionError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            refused = acl.refused(self.client) if UNDER_ACL else []
            self.kill()
            assert not refused, refused

    @property
    def url(self):
        return f"redis://{acl.CACHE if UNDER_ACL else ''}127.0.0.1:{self.port}/0"


# The store that servers get: a file in their folder, or with TEST_STORE=mongodb a database of the server at MONGODB_URI.
ON_MONGODB = os.environ.get("TEST_STORE") == "mongodb"


def store_url(folder):
    if not ON_MONGODB:
        return f"sqlite:{folder}/bookings.db"
    base, _, options = os.environ["MONGODB_URI"].partition("?")
    hosts = "/".join(base.split("/")[:3])
    name = "reprise_http_" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return f"{hosts}/{name}" + (f"?{options}" if options else "")


def mongodb_port(folder):
    return urlsplit(store_url(folder)).port or 27017


def store_url_through(port, folder, credentials=""):
    """The same database, by way of a gate that listens on this port of the loopback."""
    return urlunsplit(urlsplit(store_url(folder))._replace(netloc=f"{credentials}127.0.0.1:{port}"))


@contextlib.contextmanager
def mongodb(folder):
    """The database of the servers in this folder."""
    import pymongo

    with pymongo.MongoClient(store_url(folder)) as client:
        yield client.get_default_database()


def drop_store(folder):
    if ON_MONGODB:
        with mongodb(folder) as database:
            database.client.drop_database(database.name)


class Server:
    """One bookings-server process: one that listens, or with the argument "worker" one that works on jobs alone, has no
    url and takes no requests."""

    def __init__(self, folder, *arguments, **environment):
        self.folder = folder
        self.log_path = os.path.join(folder, f"server-{uuid.uuid4().hex[:6]}.log")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("REDIS_", "QUEUE_REDIS_", "PORT", "HOST"))}
        clean.update({"PORT": "0", "LOG_LEVEL": "debug", "JWT_SECRET": "s" * 40, "WORKERS": "2", "AUTH_RATE_LIMIT": "0",
                      "STORE_URL": store_url(folder), "ADMIN_EMAIL": "admin@example.com",
                      "ADMIN_PASSWORD": "admin-password"})
        clean.update({k: str(v) for k, v in environment.items()})
        if acl.CACHE in clean.get("REDIS_URL", ""):
            clean.setdefault("QUEUE_REDIS_URL", clean["REDIS_URL"].replace(acl.CACHE, acl.QUEUE))
        self.process = subprocess.Popen([SERVER, *arguments], cwd=folder, env=clean, stdout=open(self.log_path, "w"),
                                        stderr=subprocess.STDOUT)
        if arguments[:1] == ("worker",):
            until(lambda: self._says("Working on jobs"), "the worker to begin")
            return
        found = until(lambda: self._says(r"Listening on http://[\d.]+:(\d+)"), "the server to listen").group(1)
        self.url = f"http://127.0.0.1:{found}"
        self.http = requests.Session()

    def _says(self, pattern):
        assert self.process.poll() is None, self.log()
        return re.search(pattern, self.log())

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def request(self, method, path, token=None, **kwargs):
        headers = kwargs.pop("headers", {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, self.url + path, headers=headers, timeout=LIMIT, **kwargs)

    def get(self, path, token=None, **kwargs):
        return self.request("GET", path, token, **kwargs)

    def post(self, path, token=None, **kwargs):
        return self.request("POST", path, token, **kwargs)

    def put(self, path, token=None, **kwargs):
        return self.request("PUT", path, token, **kwargs)

    def register(self, role, name=None):
        email = f"{uuid.uuid4().hex}@example.com"
        reply = self.post("/api/auth/register",
                          json={"email": email, "password": "long enough", "name": name or f"A {role}", "role": role})
        assert reply.status_code == 201, reply.text
        data = reply.json()["data"]
        return {"id": data["user"]["id"], "token": data["token"], "email": email}

    def sign_in_admin(self):
        reply = self.post("/api/auth/login", json={"email": "admin@example.com", "password": "admin-password"})
        assert reply.status_code == 200, reply.text
        data = reply.json()["data"]
        return {"id": data["user"]["id"], "token": data["token"], "email": data["user"]["email"]}

    def make_gig(self, teacher, **fields):
        body = {"title": "Algebra", "subject": "Mathematics", "price": 800, "description": "Equations", **fields}
        reply = self.post("/api/gigs", teacher["token"], json=body)
        assert reply.status_code == 201, reply.text
        return reply.json()["data"]

    def book(self, student, gig, at="2030-01-15T10:00:00Z", **fields):
        return self.post("/api/bookings", student["token"], json={"gigId": gig["id"], "scheduledAt": at, **fields})

    def metric(self, series):
        """The sum of a metric's series whose line begins so: a name, or a name with its first labels."""
        lines = requests.get(self.url + "/metrics", timeout=LIMIT).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    def store_operations(self, operation):
        return self.metric(f'bookings_store_operations_total{{operation="{operation}"}} ')

    def memory(self, which):
        """In bytes: VmRSS, what it has; VmHWM, the most that it had."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"^{which}:\s+(\d+) kB", status.read(), re.MULTILINE).group(1)) * 1024

    def wait_caching(self):
        # Not /ready: a server that was asked for it waits a second at its end, so that whoever asks can notice.
        until(lambda: "\nreprise_trusted 1\n" in self.get("/metrics").text, "the cache to be in use")
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout=LIMIT)
        assert "ERROR: AddressSanitizer" not in self.log() and "runtime error" not in self.log(), self.log()
        return status
