"""One line that says what is being measured, how far it is and how long it may still take."""
import sys
import time


class Progress:
    """On a terminal a line that is rewritten; elsewhere a plain line for each step."""

    def __init__(self, steps):
        self.steps, self.done, self.begun, self.now = steps, 0, time.monotonic(), ""

    def say(self, what):
        """Announces the next step."""
        spent = time.monotonic() - self.begun
        left = f", about {spent / self.done * (self.steps - self.done):.0f} s left" if self.done else ""
        self.done += 1
        self._show(f"[{self.done}/{self.steps}] {what}{left}")
        self.now = what

    def detail(self, what):
        """Says how far the present step is."""
        self._show(f"[{self.done}/{self.steps}] {self.now}: {what}")

    @staticmethod
    def _show(line):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
