"""Servers that benchmarks start: on loopback, on free ports, each pinned to a core, each stopped by its pid."""
import contextlib
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time

import redis
import requests

from bench.support import machine

SECRET = "bench-secret-of-at-least-thirty-two-bytes"
ADMIN = {"email": "admin@bench.example", "password": "a long admin password"}
PATIENCE = 60  # seconds that a server may take to come up, or any other event


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, what, patience=PATIENCE, pause=0.02):
    """The condition's first true value; ends the program where there is none in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError, requests.RequestException, redis.exceptions.ConnectionError):
            if value := condition():
                return value
        time.sleep(pause)
    raise SystemExit(f"waited {patience} s in vain for {what}")


def allow_many_files():
    """As many open files as this user may have, for this process and what it starts; returns how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # root may have more than its limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (65536, max(65536, most)))
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Stage:
    """What one benchmark starts, in a temporary folder; leaving it stops all, the last one first.

        with Stage() as stage:
            store = stage.redis()
            server = stage.bookings(REDIS_URL=store.url)
    """

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="reprise-bench-")
        self.running = []
        return self

    def __exit__(self, *_):
        for each in reversed(self.running):
            each.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, core, command, environment=None):
        """A process in a folder of its own; what it says goes to NAME.log there. `core`: a number, or several as
        taskset takes them ("0,1")."""
        process = Process(name, os.path.join(self.folder, name), core, command, environment or {})
        self.running.append(process)
        return process

    def redis(self, name="redis", core=machine.REDIS_CORE, *options):
        return RedisServer(self, name, core, options)

    def bookings(self, name="bookings", core=machine.SERVER_CORE, **environment):
        return BookingsServer(self, name, core, environment)


class Process:
    def __init__(self, name, folder, core, command, environment):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.log_path = folder, os.path.join(folder, f"{name}.log")
        # Nothing of the caller's own configuration reaches the server that is measured.
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(["taskset", "-c", str(core), *command], cwd=folder, env={**inherited, **environment},
                                          stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.name, self.pid = name, self.child.pid

    def wait_for(self, condition, what, patience=PATIENCE, pause=0.02):
        def alive_and_ready():
            if self.child.poll() is not None:
                with open(self.log_path, errors="replace") as log:
                    raise SystemExit(f"{self.name} ended with status {self.child.returncode}:\n{log.read()[-2000:]}")
            return condition()
        return until(alive_and_ready, what, patience, pause)

    def stop(self):
        if self.child.poll() is not None:
            return
        self.child.terminate()
        try:
            self.child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class RedisServer:
    """One redis-server, in memory alone; `client` speaks to it."""

    def __init__(self, stage, name, core, options):
        self.port = free_port()
        self.process = stage.start(name, core, ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                                "--appendonly", "no", "--enable-debug-command", "yes", *options])
        self.client = redis.Redis(port=self.port, socket_timeout=600)
        self.process.wait_for(self.client.ping, f"{name} to answer")
        self.url, self.pid = f"redis://127.0.0.1:{self.port}", self.process.pid

    def commands(self):
        """How many it has executed; this question is one of them."""
        return self.client.info("stats")["total_commands_processed"]


class BookingsServer:
    """One bookings-server, and the requests that set a scene."""

    def __init__(self, stage, name, core, environment):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {"PORT": str(self.port), "WORKERS": "1", "LOG_LEVEL": "warn", "STORE_URL": "sqlite:bench.db",
                    "JWT_SECRET": SECRET, "AUTH_RATE_LIMIT": "0", "ADMIN_EMAIL": ADMIN["email"],
                    "ADMIN_PASSWORD": ADMIN["password"], **{key: str(value) for key, value in environment.items()}}
        self.caches = "REDIS_URL" in environment
        self.begun = time.monotonic()
        self.process = stage.start(name, core, [machine.server_binary(), "serve"], settings)
        self.pid, self.http = self.process.pid, requests.Session()
        self.process.wait_for(lambda: self.get("/health").status_code == 200, f"{name} to listen", pause=0.005)
        self.listening_after = time.monotonic() - self.begun
        if self.caches:
            self.process.wait_for(lambda: self.metric("reprise_trusted") == 1, f"{name} to use its cache")

    def get(self, path, token=None):
        return self.http.get(self.url + path, headers=bearer(token), timeout=PATIENCE)

    def post(self, path, token, body):
        return self.http.post(self.url + path, headers=bearer(token), json=body, timeout=PATIENCE)

    def made(self, path, token, body):
        """What a POST made; ends the program where it made nothing."""
        reply = self.post(path, token, body)
        if reply.status_code not in (200, 201):
            raise SystemExit(f"POST {path}: {reply.status_code} {reply.text}")
        return reply.json()["data"]

    def register(self, role, name):
        """{"id", "token"} of a new account."""
        data = self.made("/api/auth/register", None, {"email": f"{name.replace(' ', '.')}@bench.example", "name": name,
                                                      "password": "a long password", "role": role})
        return {"id": data["user"]["id"], "token": data["token"]}

    def sign_in_admin(self):
        return self.made("/api/auth/login", None, ADMIN)["token"]

    def metric(self, name):
        """The sum of a metric's series whose line begins so: a name, or a name with its first labels."""
        lines = [line for line in self.get("/metrics").text.splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def origin_reads(self):
        return sum(self.metric('bookings_store_operations_total{operation="%s"}' % name) for name in ("list_bookings", "list_gigs"))


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}
