"""make bench-traces: what traces add to the cost of a hit from Redis: none, a traceparent that is passed on, one request in a
hundred recorded, all of them.
"""
import statistics

from bench.http.candidates import CONNECTIONS
from bench.http.topologies import OWN, USERS, Candidate, plain
from bench.support import machine, page, program
from bench.support.numbers import short, spread
from bench.support.processes import Stage, free_port

TITLE = "Traces"
FIRST = "off"  # that the others are held against
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

# A collector that reads what it gets and says yes.
COLLECTOR = """
import http.server, sys
class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Taker).serve_forever()
"""


def run(rounds, seconds, say):
    with Stage() as stage:
        port = free_port()
        stage.start("collector", machine.REDIS_CORE, ["/usr/bin/python3", "-c", COLLECTOR, str(port)])
        sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}

        def reached(**environment):
            def with_redis(here):
                found, masters = plain(here)
                return {**found, **environment}, masters
            return with_redis

        candidates = [
            Candidate(stage, FIRST, 0, reached(), OWN, "off"),
            Candidate(stage, "off, each with a `traceparent`", 1, reached(), OWN, "off", traceparent=TRACEPARENT),
            Candidate(stage, "one in a hundred", 2, reached(**sent, OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.01"), OWN, "off"),
            Candidate(stage, "all", 3, reached(**sent), OWN, "off")]
        for number in range(rounds):
            for each in candidates if number % 2 == 0 else reversed(candidates):
                say(f"round {number + 1} of {rounds}: {each.name}")
                each.measure(seconds)
        return {"rounds": rounds, "seconds": seconds, "traces": {each.name: each.rounds for each in candidates}}


def lines(found):
    first = found["traces"][FIRST]
    told = page.table(["traces", "server CPU, µs", "times the first", "hits/s", "p50, ms", "p99, ms"],
                      [[name, spread(of["cpu_us"]), short(statistics.median(a / b for a, b in zip(of["cpu_us"], first["cpu_us"]))), spread(of["rate"]),
                        spread([each * 1e3 for each in of["p50"]]), spread([each * 1e3 for each in of["p99"]])] for name, of in found["traces"].items()])
    return [*told, "",
            f"The list of {USERS} signed-in users from Redis, {CONNECTIONS} connections that each wait for their reply; the server, with one I/O thread and all that it needs "
            f"for the traces, has a core for itself. {found['rounds']} rounds of {found['seconds']} s, in turn; the median, with the least and the most. A recorded hit is two "
            "spans; at this rate, where all are recorded, most find no room to wait in and are dropped, and the core is shared with what sends the rest."]


if __name__ == "__main__":
    program.main("traces", __doc__, TITLE, run, lines, {"rounds": (int, 5, None), "seconds": (int, 3, "of each turn")},
                 quick={"rounds": 2, "seconds": 1})
