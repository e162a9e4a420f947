"""A collector of traces: takes what OTLP over HTTP sends as JSON, and holds it against the protocol's own rules."""
import http.server
import json
import re
import threading

KNOWN = {"traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind", "startTimeUnixNano",
         "endTimeUnixNano", "attributes", "status"}


def values(attributes):
    found = {}
    for each in attributes:
        (kind, value), = each["value"].items()
        assert kind in ("stringValue", "intValue") and isinstance(value, str), each  # numbers of 64 bits are text
        found[each["key"]] = int(value) if kind == "intValue" else value
    return found


class Span:
    def __init__(self, given):
        assert set(given) <= KNOWN, given
        self.trace, self.id, self.parent = given["traceId"], given["spanId"], given.get("parentSpanId")
        assert re.fullmatch("[0-9a-f]{32}", self.trace) and re.fullmatch("[0-9a-f]{16}", self.id), given
        assert self.parent is None or re.fullmatch("[0-9a-f]{16}", self.parent), given
        self.name, self.kind, self.state = given["name"], given["kind"], given.get("traceState", "")
        self.began, self.ended = int(given["startTimeUnixNano"]), int(given["endTimeUnixNano"])
        assert self.began <= self.ended, given
        self.values = values(given.get("attributes", []))
        self.failed = given.get("status", {}).get("code") == 2

    def __repr__(self):
        return f"{self.name} {self.values}"


class Collector:
    """`keep`: a folder for the bodies as they came."""

    def __init__(self, keep=None):
        self.spans, self.resources, self.headers, self.status = [], [], [], 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(text)
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
                collector.headers.append(self.headers)
                if collector.status == 200:
                    collector.take(body)
                if keep:
                    (keep / f"{len(collector.headers)}.json").write_bytes(text)
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, body):
        for of_resource in body["resourceSpans"]:
            self.resources.append(values(of_resource["resource"]["attributes"]))
            for of_scope in of_resource["scopeSpans"]:
                self.spans += [Span(each) for each in of_scope["spans"]]

    def of(self, trace):
        return [each for each in self.spans if each.trace == trace]

    def named(self, name):
        return [each for each in self.spans if each.name == name]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
