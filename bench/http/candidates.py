"""What is measured side by side: each candidate gives a cached reply of about 2 KB to one GET.

A candidate is started once, and checked: its reply must be what it should be before anything is timed. All run at the
same time, and idle but for the one whose turn it is; each that needs a Redis has its own, so that Redis' CPU per request
is this candidate's alone.
"""
import json
import os
import re
import subprocess
from dataclasses import dataclass, field

import requests

from bench.support import machine
from bench.support.processes import SECRET, bearer, free_port

PEERS = os.path.join(machine.ROOT, "bench/peers")
CONNECTIONS = 32
ROWS = 4  # bookings in the list, which make it about 2 KB


class Unavailable(Exception):
    """This machine or this build has no such candidate; the text says why."""


class Wrong(Exception):
    """A candidate's replies were not what they should be; the text says how."""


@dataclass
class Candidate:
    name: str
    url: str
    headers: dict
    pids: list  # the server's processes, whose CPU is counted with all that descends from them
    redis: object = None  # its RedisServer
    origin_reads: object = None  # () → how often the origin was asked so far; None: there is no origin
    cached: bool = True  # false: every request is meant to read the origin
    marks: dict = field(default_factory=dict)  # headers that each reply must carry
    tokens: list = field(default_factory=list)  # of the users who ask in turn, if they are several; `headers` then has none
    reply_bytes: int = 0  # a whole reply with its head, as check() saw it
    body_bytes: int = 0

    def check(self):
        """Asks some times, and holds each reply against what it should be."""
        session = requests.Session()
        session.headers.clear()
        everybody = [bearer(token) for token in self.tokens] or [self.headers]
        for headers in everybody * 3:  # the first ones may fill
            session.get(self.url, headers=headers, timeout=10)
        reads = self.origin_reads and self.origin_reads()
        bodies = set()
        for number in range(20):
            reply = session.get(self.url, headers=everybody[number % len(everybody)], timeout=10)
            wrong = {name: reply.headers.get(name) for name, value in self.marks.items() if reply.headers.get(name) != value}
            if reply.status_code != 200 or wrong:
                raise Wrong(f"{self.name}: status {reply.status_code}, {wrong or 'headers as they should be'}: {reply.text[:300]}")
            bodies.add(reply.content)
        if len({len(body) for body in bodies}) != 1 or (len(everybody) == 1 and len(bodies) != 1):
            raise Wrong(f"{self.name}: its bodies differ")
        body = bodies.pop()
        json.loads(body)
        if self.cached and reads is not None and self.origin_reads() != reads:
            raise Wrong(f"{self.name}: its hits read the origin")
        head = sum(len(name) + len(value) + 4 for name, value in reply.headers.items()) + len("HTTP/1.1 200 OK\r\n") + 2
        self.body_bytes, self.reply_bytes = len(body), head + len(body)


# ours ----------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Ours:
    """bookings-server under one configuration."""
    title: str
    environment: dict
    path: str = "/api/bookings"
    uses_redis: bool = True
    signed_in: bool = True  # false: a guest, of whom no session is asked for
    users: int = 1  # who ask in turn, each with a list of its own


# Per-user lists are kept in L2 alone unless their route says otherwise, so the modes of L1 are measured on a shared list of
# the same size, for a signed-in user all the same. CACHE_L1_BYTES is given so that a build without L1 owns up to it: of a
# setting at its default it says nothing.
OURS = {
    "ours-l2": Ours("ours, from Redis (L2), 64 users", {"CACHE_L1_MODE": "off"}, users=64),
    "ours-l2-hot": Ours("ours, from Redis (L2), one user", {"CACHE_L1_MODE": "off"}),
    "ours-l1-validated": Ours("ours, L1 validated", {"CACHE_L1_MODE": "validated", "CACHE_L1_BYTES": "32MiB"}, "/api/gigs"),
    "ours-l1-tracked": Ours("ours, L1 tracked", {"CACHE_L1_MODE": "tracked", "CACHE_L1_BYTES": "32MiB"}, "/api/gigs"),
    "ours-l1-tracked-guest": Ours("ours, L1 tracked, no token", {"CACHE_L1_MODE": "tracked", "CACHE_L1_BYTES": "32MiB"}, "/api/gigs", signed_in=False),
    "ours-bypass": Ours("ours, no cache (SQLite)", {}, uses_redis=False),
}


def refuse_unknown(environment):
    """Raises Unavailable where this build does not know a setting, or gives it no effect."""
    binary = machine.server_binary()
    settings = {**environment, "JWT_SECRET": SECRET, "REDIS_URL": "redis://127.0.0.1:1"}
    said = subprocess.run([binary, "serve", "--check-config"], env=settings, capture_output=True, text=True, cwd="/", check=False)
    unknown = [name for name in environment if re.search(rf"\b{name}\b.*(no effect|not known|unknown)", said.stderr + said.stdout)]
    # What is switched off anyway may well have no effect.
    unknown = [name for name in unknown if environment[name] != "off"]
    if said.returncode != 0 or unknown:
        raise Unavailable(f"this build has no {' '.join(f'{name}={environment[name]}' for name in unknown) or said.stderr.strip()}")


def set_scene(server):
    """A student with a list of about 2 KB, and a shared list of gigs of the very same size; returns the student's token
    and the booking list's bytes."""
    teacher, student = server.register("teacher", "The Teacher"), server.register("student", "The Student")
    gigs = [server.made("/api/gigs", teacher["token"], {"title": "Algebra for beginners", "subject": "Mathematics", "price": 800,
                                                         "description": "x"}) for _ in range(ROWS)]
    book(server, student["token"], gigs[0]["id"])
    bookings = [server.get("/api/bookings", student["token"]) for _ in range(2)][1]
    missing = len(bookings.content) - len([server.get("/api/gigs", student["token"]) for _ in range(2)][1].content)
    share = missing // ROWS
    for i, gig in enumerate(gigs):
        more = missing - share * (ROWS - 1) if i == 0 else share
        changed = server.http.put(f"{server.url}/api/gigs/{gig['id']}", headers=bearer(teacher["token"]), timeout=10,
                                  json={key: gig[key] for key in ("title", "subject", "price")} | {"description": "x" * (1 + more)})
        if changed.status_code != 200:
            raise SystemExit(f"a gig cannot be given its size: {changed.text}")
    shared = [server.get("/api/gigs", student["token"]) for _ in range(2)][1]
    if len(shared.content) != len(bookings.content):
        raise SystemExit(f"the lists differ in size: {len(shared.content)} and {len(bookings.content)} bytes")
    return student["token"], bookings.content


def book(server, token, gig):
    for hour in range(ROWS):
        server.made("/api/bookings", token, {"gigId": gig, "scheduledAt": f"2030-01-15T{10 + hour}:00:00Z", "note": "Chapter 3"})


def more_students(server, count):
    """Others with lists of the same size; returns their tokens."""
    gig = server.get("/api/gigs").json()["data"][0]["id"]
    tokens = [server.register("student", f"Student {number:03}")["token"] for number in range(count)]  # as long as "The Student"
    for token in tokens:
        book(server, token, gig)
    return tokens


def start_ours(stage, name):
    what = OURS[name]
    if what.environment:
        refuse_unknown(what.environment)
    environment, store = dict(what.environment), None
    if what.uses_redis:
        store = stage.redis(f"{name}-redis")
        environment["REDIS_URL"] = store.url
    server = stage.bookings(name, **environment)
    token, body = set_scene(server)
    tokens = [token, *more_students(server, what.users - 1)] if what.users > 1 else []
    return Candidate(name, server.url + what.path, bearer(token) if what.signed_in and not tokens else {}, [server.pid], store,
                     server.origin_reads, cached=what.uses_redis, marks={"X-Cache": "HIT" if what.uses_redis else "BYPASS"}, tokens=tokens), body


# peers ---------------------------------------------------------------------------------------------------------------

@dataclass
class Recipe:
    """A running server of the recipe."""
    process: object
    url: str

    @property
    def pid(self):
        return self.process.pid

    def origin_reads(self):
        return requests.get(self.url + "/origin-reads", timeout=10).json()


def start_recipe(stage, name, stack, store, body, **environment):
    """The recipe on the stack in bench/peers/`stack`, with `store` as its Redis and `body` as the list in its database."""
    folder = os.path.join(PEERS, stack)
    version = machine.first_line("node", "--version")
    if not version or int(re.search(r"\d+", version).group()) < 20:
        raise Unavailable(f"the recipe needs Node.js 20 or newer; here is {version or 'none'}")
    if not os.path.isdir(os.path.join(folder, "node_modules")):
        raise Unavailable(f"the recipe's packages are not installed: npm ci in bench/peers/{stack}")
    port = free_port()
    process = stage.start(name, machine.SERVER_CORE, ["node", os.path.join(folder, "server.js")], {
        "PORT": str(port), "BENCH_BODY": body, "NODE_ENV": "production", "REDIS_URL": store.url, "JWT_SECRET": SECRET,
        **{key: str(value) for key, value in environment.items()}})
    found = Recipe(process, f"http://127.0.0.1:{port}")
    process.wait_for(lambda: found.origin_reads() >= 0, f"{name} to listen")
    return found


def start_node(stage, name, body, token):
    store = stage.redis(f"{name}-redis")
    found = start_recipe(stage, name, name, store, body)
    return Candidate(name, found.url + "/api/bookings", bearer(token), [found.pid], store, found.origin_reads, marks={"X-Cache": "HIT"})


def nginx_quoted(text):
    """A text in nginx' single quotes. It has no way to write a dollar sign."""
    if "$" in text:
        raise ValueError("nginx would take it for a variable")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def start_nginx(stage, name, body, token, upstream):
    """nginx with one worker: `nginx` returns the bytes from its configuration, `nginx-cache` caches what `upstream` gives."""
    if not machine.first_line("nginx", "-v"):
        raise Unavailable("nginx is not installed")
    port = free_port()
    folder = os.path.join(stage.folder, name)
    os.makedirs(folder)
    with open(os.path.join(PEERS, "nginx", f"{name}.conf")) as f:
        text = f.read()
    for word, value in {"@FOLDER@": folder, "@PORT@": str(port), "@UPSTREAM@": upstream or "", "@BODY@": nginx_quoted(body),
                        "@USER@": "user root;" if os.geteuid() == 0 else ""}.items():
        text = text.replace(word, value)
    with open(os.path.join(folder, "nginx.conf"), "w") as f:
        f.write(text)
    process = stage.start(name, machine.SERVER_CORE, ["nginx", "-p", folder, "-e", "stderr", "-c", os.path.join(folder, "nginx.conf")])
    url = f"http://127.0.0.1:{port}/api/bookings"
    process.wait_for(lambda: requests.get(url, headers=bearer(token), timeout=10).status_code == 200, f"{name} to listen")
    return Candidate(name, url, bearer(token), [process.pid], marks={"X-Cache": "HIT"} if upstream else {})


def start_varnish(stage, name, token, upstream):
    """Varnish in memory, in front of `upstream`."""
    if not machine.first_line("varnishd", "-V"):
        raise Unavailable("Varnish is not installed")
    port, folder = free_port(), os.path.join(stage.folder, name)
    os.makedirs(folder)
    with open(os.path.join(PEERS, "varnish", "list.vcl")) as f:
        text = f.read().replace("@PORT@", upstream.rpartition(":")[2])
    with open(os.path.join(folder, "list.vcl"), "w") as f:
        f.write(text)
    process = stage.start(name, machine.SERVER_CORE, ["varnishd", "-F", "-j", "none", "-a", f"127.0.0.1:{port}", "-T", "none", "-n", folder,
                                                      "-f", os.path.join(folder, "list.vcl"), "-s", "malloc,64m"])
    url = f"http://127.0.0.1:{port}/api/bookings"
    process.wait_for(lambda: requests.get(url, headers=bearer(token), timeout=10).status_code == 200, f"{name} to listen")
    return Candidate(name, url, bearer(token), [process.pid], marks={"X-Cache": "HIT"})


TITLES = {
    **{name: what.title for name, what in OURS.items()},
    "express": "the recipe, Express 4 + ioredis 5",
    "fastify": "the recipe, Fastify 5 + ioredis 5",
    "nginx": "nginx `return 200`, same bytes",
    "nginx-cache": "nginx `proxy_cache`",
    "varnish": "Varnish",
    "redis-get": "Redis alone: `redis-benchmark` GET",
}


def start_all(stage, wanted):
    """Starts the wanted candidates; returns them by name, the body, and {name: why} of those that are not to be had."""
    ready, skipped = {}, {}
    # The server without a cache is also the origin of nginx' and Varnish's caches.
    bypass, body = start_ours(stage, "ours-bypass")
    body = body.decode()
    token = bypass.headers["Authorization"].removeprefix("Bearer ")
    origin = bypass.url.removesuffix("/api/bookings")
    hit = '{"cached":true,' + body[1:]

    def begin(name):
        if name == "ours-bypass":
            return bypass
        if name in OURS:
            return start_ours(stage, name)[0]
        if name in ("express", "fastify"):
            return start_node(stage, name, body if name == "express" else hit, token)
        if name == "nginx":
            return start_nginx(stage, name, hit, token, None)
        if name == "nginx-cache":
            found = start_nginx(stage, name, hit, token, origin)
            found.origin_reads = bypass.origin_reads
            return found
        found = start_varnish(stage, name, token, origin)
        found.origin_reads = bypass.origin_reads
        return found

    for name in wanted:
        if name == "redis-get":
            continue
        try:
            ready[name] = begin(name)
        except Unavailable as why:
            skipped[name] = str(why)
    return ready, hit, skipped
