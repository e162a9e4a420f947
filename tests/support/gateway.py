"""The emulated payment gateway as a process, for tests from outside. What it can be told: sslcommerz_emulator.py."""
import pathlib
import subprocess
import sys

import requests

EMULATOR = pathlib.Path(__file__).parent / "sslcommerz_emulator.py"
LIMIT = 30  # seconds


class Gateway:
    """One emulator, on a free port."""

    store_id, password = "testbox", "qwerty"

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(EMULATOR)], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.process.wait(LIMIT)
        self.http = requests.Session()
        self.http.trust_env = False

    def environment(self, port):
        """For a server that is to use it and to be found by it, on a port that is chosen before: free_port()."""
        return {"SSLCOMMERZ_BASE_URL": self.url, "SSLCOMMERZ_STORE_ID": self.store_id,
                "SSLCOMMERZ_STORE_PASSWORD": self.password, "PUBLIC_URL": f"http://127.0.0.1:{port}", "PORT": port}

    def ask(self, name):
        reply = self.http.get(f"{self.url}/emulator/{name}", timeout=LIMIT)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def tell(self, name, **body):
        reply = self.http.post(f"{self.url}/emulator/{name}", json=body, timeout=LIMIT)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def settings(self, **changed):
        self.tell("settings", **changed)

    def fault(self, how, operation="any", times=1, when="before", **more):
        self.tell("fault", how=how, operation=operation, times=times, when=when, **more)

    def pay(self, tran_id, outcome="pay", **changes):
        """The customer at the gateway; the notification is sent and answered when this returns. The browser goes to
        "url" with "fields"; "answers" are the statuses that the notifications got."""
        return self.tell("pay", tran_id=tran_id, outcome=outcome, changes=changes)

    def notify(self, tran_id, signature="good", **changes):
        return self.tell("notify", tran_id=tran_id, signature=signature, changes=changes)

    def sessions(self):
        return self.ask("sessions")

    def calls(self, operation):
        return [each for each in self.ask("log") if each["operation"] == operation]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
