#!/usr/bin/python3
"""THIS IS AN EMULATOR of the payment gateway SSLCommerz v4, for tests and demos: no money moves, no bank is asked, and
every answer says so in the header X-Emulator. It listens on the loopback alone.

    python3 tests/support/sslcommerz_emulator.py --port 0        prints its URL, and serves until it is stopped

SSLCOMMERZ_BASE_URL is that URL, SSLCOMMERZ_STORE_ID and …_PASSWORD are "testbox" and "qwerty". Its customer page has a
button for each outcome. What it should do wrong is told to it under /emulator/, in JSON:

    POST settings  {"session_delay": 3 or [2, 5], "delay": s, "risk_level": "1", "amount": "1249.99", "currency",
                    "suppress_ipn": true, "ipn_copies": 2, "refund_status": "processing|failed", "refund_state"}
    POST fault     {"operation": "session|validation|query|refund|refund_status|any", "how": see FAULTS, "times": 1,
                    "when": "before" or "after": is the operation carried out although its answer goes wrong?,
                    "seconds": how long it hangs}
    POST pay       {"tran_id" or "session", "outcome": "pay|fail|cancel", "changes": {…}, "ipn_copies": 0}  the customer,
                    with the notification sent; answers where the browser would be sent, and with what
    POST notify    {"tran_id", "changes": {…}, "signature": "good|none|wrong|stale"}  once more, or forged
    POST reset     forgets everything
    GET  log       every call of the gateway's API, when it came and for how long it was made to wait; passwords are left out
    GET  sessions  how many were opened for each tran_id
    GET  notified  the notifications sent, and what they were answered
    GET  transactions  what customers did, the payments among them
"""
import argparse
import html
import json
import random
import socket
import ssl
import struct
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulated_gateway import BACK, WRONG_CREDENTIALS, Gateway

FAULTS = ("failed", "html", "not_json", "empty", "huge", "truncated", "wrong_type", "error500", "redirect",
          "unauthorized", "busy", "echo", "reset", "close", "hang")
LONGEST_HANG = 120  # seconds
NOTICE = "sslcommerz; not the gateway, no money moves"
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # servers under test stand on this machine


class Emulator:
    """What the handlers of all connections share."""

    def __init__(self, gateway):
        self.gateway, self.lock = gateway, threading.Lock()
        self.stopped = threading.Event()  # lets hanging calls go
        self.forget()

    def forget(self):
        with self.lock:
            self.faults, self.log, self.notified = [], [], []
            self.released = threading.Event()

    def next_fault(self, operation):
        with self.lock:
            for fault in self.faults:
                if fault["operation"] in (operation, "any"):
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def note(self, operation, method, fields, traceparent):
        shown = {name: value for name, value in fields.items() if name != "store_passwd"}
        noted = {"operation": operation, "method": method, "fields": shown, "traceparent": traceparent,
                 "at": time.time(), "took": None}
        with self.lock:
            self.log.append(noted)
        return noted

    def notify(self, session, fields, copies=None):
        """Sends a notification, so often or as often as the settings say; returns what it was answered."""
        answers = []
        for _ in range(self.gateway.settings["ipn_copies"] if copies is None else copies):
            request = urllib.request.Request(session.get("ipn_url", ""), urlencode(fields).encode(), method="POST")
            try:
                with DIRECTLY.open(request, timeout=30) as reply:
                    answers.append(reply.status)
            except urllib.error.HTTPError as refused:
                answers.append(refused.code)
            except (OSError, ValueError) as lost:
                answers.append(str(lost))
        with self.lock:
            self.notified += [{"fields": fields, "answer": answer} for answer in answers]
        return answers


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as the gateway does
    emulator = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.route("GET", {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return self.route("POST", dict(parse_qsl(body.decode(), keep_blank_values=True)))
        if kind.startswith("application/json"):
            return self.route("POST", json.loads(body or b"{}"))
        return self.route("POST", {})  # multipart: the gateway finds no credentials in it

    def route(self, method, body):
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        gateway = self.emulator.gateway
        if path.startswith("/emulator/"):
            return self.control(method, path.removeprefix("/emulator/"), query, body)
        if method == "POST" and path == "/gwprocess/v4/api.php":
            return self.operate("session", method, body, gateway.open_session)
        if method == "GET" and path == "/validator/api/validationserverAPI.php":
            return self.operate("validation", method, query, gateway.validate)
        if method == "GET" and path == "/validator/api/merchantTransIDvalidationAPI.php":
            for name, operation, answer in (("refund_ref_id", "refund_status", gateway.refund_status),
                                            ("refund_amount", "refund", gateway.refund),
                                            ("tran_id", "query", gateway.query)):
                if name in query:
                    return self.operate(operation, method, query, answer)
        return self.reply(404, "text/html", "<h1>Not Found</h1>")

    def operate(self, operation, method, fields, answer):
        emulator = self.emulator
        noted, began = emulator.note(operation, method, fields, self.headers.get("traceparent")), time.monotonic()
        fault = emulator.next_fault(operation)
        pause = emulator.gateway.settings["session_delay" if operation == "session" else "delay"]
        emulator.stopped.wait(random.uniform(*pause) if isinstance(pause, list) else pause)
        said = json.dumps(answer(fields)) if fault is None or fault.get("when") == "after" else "{}"
        noted["took"] = time.monotonic() - began
        if fault is None:
            return self.reply(200, "application/json", said)
        return self.misbehave(fault["how"], fields, said, fault.get("seconds", LONGEST_HANG))

    def misbehave(self, how, fields, said, seconds):
        if how == "failed":
            return self.reply(200, "application/json", json.dumps(
                {"status": "FAILED", "failedreason": WRONG_CREDENTIALS, "APIConnect": "FAILED"}))
        if how == "echo":  # says no, and repeats what it was told
            words = f"Invalid Information! {fields.get('store_id')} {fields.get('store_passwd')}\n\x1b[31m" + "x" * 900
            return self.reply(200, "application/json", json.dumps(
                {"status": "FAILED", "failedreason": words, "APIConnect": "FAILED", "errorReason": words}))
        if how == "html":
            return self.reply(200, "text/html", "<html><body>Service is under maintenance</body></html>")
        if how == "not_json":
            return self.reply(200, "application/json", '{"status":"SUCCESS","sessionkey":"A')
        if how == "empty":
            return self.reply(200, "application/json", "")
        if how == "huge":
            return self.reply(200, "application/json", '{"status":"SUCCESS","x":"' + "x" * (8 << 20) + '"}')
        if how == "wrong_type":  # a right answer under another type, as the gateway does
            return self.reply(200, "text/html; charset=UTF-8", said)
        if how == "error500":
            return self.reply(500, "text/html", "<h1>Internal Server Error</h1>")
        if how == "unauthorized":
            return self.reply(401, "text/html", "<h1>Unauthorized</h1>")
        if how == "busy":
            return self.reply(429, "text/html", "<h1>Too Many Requests</h1>")
        if how == "redirect":
            return self.reply(302, "text/html", "", Location=self.emulator.gateway.page_base + "/emulator/trap")
        if how == "truncated":
            self.send_head(200, "application/json", 5000)
            self.wfile.write(b'{"status":"SUCCESS",')
        if how == "hang":
            released, end = self.emulator.released, time.monotonic() + seconds
            while not (released.is_set() or self.emulator.stopped.is_set()) and time.monotonic() < end:
                released.wait(0.1)
        if how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        if how != "truncated":
            # The wrapper's files keep the socket open: without this nobody would see its end.
            self.wfile.close()
            self.rfile.close()
            if how == "reset":
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

    def control(self, method, name, query, body):
        emulator, gateway = self.emulator, self.emulator.gateway
        if name == "page":
            return self.page(query, body)
        if name == "trap":
            emulator.note("trap", method, query, self.headers.get("traceparent"))
            return self.json({})
        if method == "GET":
            shown = {"log": emulator.log, "sessions": gateway.opened, "notified": emulator.notified,
                     "transactions": gateway.transactions}
            return self.json(shown[name]) if name in shown else self.reply(404, "text/plain", "no such thing")
        if name == "reset":
            emulator.released.set()
            emulator.forget()
            gateway.reset()
        elif name == "settings":
            unknown = set(body) - set(gateway.settings)
            if unknown:
                return self.reply(400, "text/plain", f"no such setting: {unknown}")
            gateway.settings.update(body)
        elif name == "fault":
            if body.get("how") not in FAULTS:
                return self.reply(400, "text/plain", f"no such fault: {body.get('how')}")
            with emulator.lock:
                emulator.faults.append({"operation": "any", "times": 1, **body})
        elif name == "pay":
            key = body.get("session") or gateway.last_session(body["tran_id"])
            if key not in gateway.sessions:
                return self.reply(404, "text/plain", "no such session")
            return self.json(self.pay(key, body["outcome"], body.get("changes"), body.get("ipn_copies"))[0])
        elif name == "notify":
            session, transaction = gateway.last(body["tran_id"])
            if session is None or transaction is None:
                return self.reply(404, "text/plain", "nothing to notify of")
            fields = gateway.form(transaction, body.get("changes"), body.get("signature", "good"))
            return self.json({"answers": emulator.notify(session, fields), "fields": fields})
        else:
            return self.reply(404, "text/plain", "no such thing")
        return self.json({})

    def pay(self, key, outcome, changes=None, ipn_copies=None):
        """Returns where the browser goes, with what, and how the notification was answered; and the URL."""
        gateway = self.emulator.gateway
        transaction, session = gateway.attempt(key, outcome, changes), gateway.sessions[key]
        fields = gateway.form(transaction)
        answers = [] if gateway.settings["suppress_ipn"] else self.emulator.notify(session, fields, ipn_copies)
        return {"url": session[BACK[outcome]], "fields": fields, "answers": answers}, session[BACK[outcome]]

    def page(self, query, body):
        """The customer's page; with an outcome, the form by which the gateway sends the browser back."""
        key, outcome = query.get("session"), body.get("outcome") or query.get("outcome")
        if key not in self.emulator.gateway.sessions:
            return self.reply(404, "text/html", "<h1>No such session</h1>")
        if outcome not in BACK:
            buttons = "".join(f'<button name="outcome" value="{each}">{each}</button> ' for each in BACK)
            amount = html.escape(self.emulator.gateway.sessions[key]["total_amount"])
            return self.reply(200, "text/html", f"<title>Emulator</title><h1>Emulator: no money moves</h1>"
                              f'<p>{amount} BDT</p><form method="post">{buttons}</form>')
        sent, url = self.pay(key, outcome)
        inputs = "".join(f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                         for name, value in sent["fields"].items())
        return self.reply(200, "text/html", f'<title>Emulator</title><form method="post" action="{html.escape(url)}">'
                          f'{inputs}<button>Back to the shop</button></form>'
                          f'<script>document.forms[0].submit()</script>')

    def send_head(self, status, kind, size, **headers):
        self.send_response(status)
        self.send_header("X-Emulator", NOTICE)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def reply(self, status, kind, text, **headers):
        body = text.encode()
        self.send_head(status, kind, len(body), **headers)
        self.wfile.write(body)

    def json(self, value):
        self.reply(200, "application/json", json.dumps(value))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a client that hung up is what many tests are about


def main():
    parser = argparse.ArgumentParser(description="An emulator of the payment gateway SSLCommerz, for tests and demos.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store-id", default="testbox")
    parser.add_argument("--store-password", default="qwerty")
    parser.add_argument("--certificate", help="PEM with key and certificate: serves https")
    options = parser.parse_args()
    Handler.emulator = Emulator(Gateway(options.store_id, options.store_password))
    server = Server(("127.0.0.1", options.port), Handler)
    scheme = "http"
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https"
    Handler.emulator.gateway.page_base = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    print(Handler.emulator.gateway.page_base, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        Handler.emulator.stopped.set()


if __name__ == "__main__":
    main()
