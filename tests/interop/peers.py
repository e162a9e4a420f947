"""Programs that add and work on jobs, npm's BullMQ and ours, spoken to in lines of JSON (lines.mjs)."""
import itertools
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).parent
OURS = os.path.abspath(os.environ.get("JOBS_PEER", "build/asan/jobs_peer"))
LIMIT = 30  # seconds that an answer or an event may take


class Refused(Exception):
    """The peer answered with an error, whose text this is."""


class Program:
    """A process that takes commands. What it tells unasked is kept in `news`, in order."""

    def __init__(self, command, log_path):
        self.log_path, self.numbers, self.answers, self.news = log_path, itertools.count(1), {}, []
        self.changed, self.ended = threading.Condition(), False
        with open(log_path, "a") as log:
            self.process = subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.until(lambda: self.news, "the program to be ready")
        self.ready = self.news.pop(0)

    def _read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            with self.changed:
                if "id" in told:
                    self.answers[told["id"]] = told
                else:
                    self.news.append(told)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def until(self, condition, what, limit=LIMIT):
        """The condition's first true value; it is looked at after each line."""
        end = time.monotonic() + limit
        with self.changed:
            while not (value := condition()):
                assert not self.ended, f"ended before {what}: {self.log()}"
                assert self.changed.wait(end - time.monotonic()), f"waited {limit} s in vain for {what}: {self.log()}"
            return value

    def log(self):
        return pathlib.Path(self.log_path).read_text()[-4000:]

    def begin(self, command, **fields):
        """Sends a command; `result` of what this returns waits for its answer."""
        number = next(self.numbers)
        self.process.stdin.write(json.dumps({"id": number, "do": command, **fields}) + "\n")
        self.process.stdin.flush()
        return number

    def result(self, number, limit=LIMIT):
        answer = self.until(lambda: self.answers.pop(number, None), f"answer {number}", limit)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["ok"]

    def ask(self, command, **fields):
        return self.result(self.begin(command, **fields))

    def told(self, news, **fields):
        """All news of that kind with these fields so far."""
        with self.changed:
            return [each for each in self.news if each["news"] == news and fields.items() <= each.items()]

    def wait_told(self, news, times=1, **fields):
        """The first `times` of such news."""
        return self.until(lambda: (found := self.told(news, **fields))[times - 1:] and found[:times],
                          f"{times} × {news} {fields}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join(LIMIT)

    def stop(self):
        """Ends it as its user would; its status, and what it said of memory, must be good."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not end within {LIMIT} s: {self.log()}") from None
        self.reader.join(LIMIT)
        assert self.process.returncode in (0, -signal.SIGKILL), f"status {self.process.returncode}: {self.log()}"
        assert "ERROR: AddressSanitizer" not in self.log() and "runtime error" not in self.log(), self.log()


def command_of(kind, port, *arguments):
    """"node" or "ours"."""
    program = ["node", str(HERE / "peer.mjs")] if kind == "node" else [OURS]
    return [*program, str(port), *arguments]
