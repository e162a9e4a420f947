"""python walk.py ST: Schemathesis, whose command is ST, against a seeded server, as each role in turn: all operations with made-up
requests, and those of one thing with ids that are there. Ends with 1 where a reply was a 500, or none that is described.
All that is traced meanwhile is left in build/test-api/spans, for spans.py.
SEED repeats a run."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
from collector import Collector  # noqa: E402
from gateway import Gateway  # noqa: E402
from processes import SERVER, Redis, Server, free_port, store_url  # noqa: E402

# Not unsupported_method: "/api/users/me" is "/api/users/:id" under other methods. 405 is in test_refusals_table.py.
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "negative_data_rejection", "ignored_auth")
# It streams until the client goes; it ends the token that all others need, and comes last; it takes Redis away.
APART = ("/api/events", "/api/auth/logout", "/api/demo/redis")
SEED = os.environ.get("SEED", "1")


def run(st, server, token, folder, name, settings, *more, examples=12):
    """Runs Schemathesis; answers whether all was well."""
    config = folder / f"{name}.toml"
    config.write_text((HERE / "schemathesis.toml").read_text() + settings)
    # A token as of a role that has none: no header at all.
    header = ["--header", f"Authorization: Bearer {token}"] if token else []
    checks = [each for each in CHECKS if token or each != "ignored_auth"]
    reports = pathlib.Path("build/test-api")
    report = reports / f"{name}.txt"
    began = time.monotonic()
    # One worker: in CPython 3.11 ast, which Hypothesis uses, is not safe among threads.
    with open(report, "w") as out:
        done = subprocess.run([st, "--config-file", config, "run", server.url + "/openapi.json", *header, "--checks", ",".join(checks),
                               "--phases", "coverage,fuzzing", "--max-examples", str(examples), "--seed", SEED, "--workers", "1",
                               "--no-color", "--continue-on-failure", "--no-shrink", "--generation-database", "none",
                               "--suppress-health-check", "all", "--request-timeout", "40", *more], cwd=reports, stdout=out, stderr=subprocess.STDOUT)
    text = report.read_text()
    last = text.strip().splitlines()[-1].strip("= ")
    print(f"{name:22} {time.monotonic() - began:5.1f} s   {last}", flush=True)
    if done.returncode:
        print(text[text.find("= FAILURES ="):text.find("= WARNINGS =")], flush=True)
    return done.returncode == 0


def sign_in(server, email):
    reply = server.post("/api/auth/login", json={"email": email, "password": "reprise-demo"})
    return reply.json()["data"]["token"]


def things(server, token):
    """An id of each kind that this role may look at, as Schemathesis' settings."""
    ids = {"users": server.register("student")["id"]}
    for kind in ("gigs", "bookings", "manual-payments"):
        listed = server.get(f"/api/{kind}", token)
        if listed.status_code == 200 and listed.json()["data"]:
            ids[kind] = listed.json()["data"][0]["id"]
    return "".join(f'\n[[operations]]\ninclude-path-regex = "^/api/{kind}/\\\\{{id\\\\}}"\nparameters = {{"path.id" = "{found}"}}\n'
                   for kind, found in ids.items())


def main(st):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([SERVER, "seed"], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "STORE_URL": store_url(folder)})
        spans = pathlib.Path("build/test-api/spans")
        spans.mkdir(parents=True, exist_ok=True)
        for old in spans.glob("*.json"):
            old.unlink()
        redis, gateway, collector = Redis(folder), Gateway(), Collector(keep=spans)
        server = Server(str(folder), "serve", "--demo", REDIS_URL=redis.url, LOG_LEVEL="info",
                        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **gateway.environment(free_port()))
        try:
            server.wait_caching()
            tokens = {"nobody": None, "student": sign_in(server, "student@example.com"), "teacher": sign_in(server, "teacher@example.com"),
                      "admin": server.sign_in_admin()["token"]}
            apart = [part for path in APART for part in ("--exclude-path", path)]
            good = [run(st, server, token, folder, role, "", *apart) for role, token in tokens.items()]
            good += [run(st, server, token, folder, f"{role}-things", things(server, token), "--include-path-regex",
                         "^/api/(users|gigs|bookings|manual-payments)/.id.", examples=8)
                     for role, token in tokens.items()]
            good += [run(st, server, token, folder, f"{role}-logout", "", "--include-path", "/api/auth/logout")
                     for role, token in tokens.items()]
            good.append(server.stop() == 0)
        finally:
            if server.process.poll() is None:
                server.stop()
            collector.stop()
            gateway.stop()
            redis.stop()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
