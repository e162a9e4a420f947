"""The machine: which core is whose, what it is, and what its processes have used, by the kernel's own accounting."""
import os
import platform
import re
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The server that is measured has a core for itself. The load generator has another. Redis has a third where there is
# one; on two cores it shares the generator's, which bounds the throughput of who asks Redis, and no CPU per request.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[1 % len(CORES)]
REDIS_CORE = CORES[2] if len(CORES) > 2 else LOAD_CORE


def tree(pid):
    """The process and all that descend from it (nginx's workers, varnishd's child)."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    parent = int(f.read().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            children.setdefault(parent, []).append(int(entry))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pid):
    """CPU time that the process, its descendants and all their threads have used, in nanoseconds' resolution.

    /proc/…/schedstat's first field; user and kernel together, so loopback's share of TCP is in it. A thread that ends
    takes its time out of the sum: take differences only over times in which none ends.
    """
    total = 0
    for each in tree(pid):
        try:
            tasks = os.listdir(f"/proc/{each}/task")
        except FileNotFoundError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{each}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return total / 1e9


def resident_bytes(pid):
    """Memory of the process and its descendants, pages that they share counted more than once."""
    total = 0
    for each in tree(pid):
        with open(f"/proc/{each}/statm") as f:
            total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def free_bytes():
    """Memory that can be had without swapping."""
    with open("/proc/meminfo") as f:
        return int(re.search(r"MemAvailable:\s*(\d+) kB", f.read()).group(1)) * 1024


class Disturbance:
    """How much of the machine others used meanwhile: the share of all cores' time that was neither idle nor used by
    the given processes, time that the host gave to other guests ("steal") included. Above some percent a round tells
    of the neighbours too."""

    def __init__(self, pids):
        self.pids, self.begun, self.ours, self.busy = pids, time.monotonic(), self._ours(pids), self._busy()

    @staticmethod
    def _busy():
        with open("/proc/stat") as f:
            user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _ours(pids):
        spent = os.times()
        return sum(map(cpu_seconds, pids)) + spent.user + spent.system + spent.children_user + spent.children_system

    def share(self):
        others = (self._busy() - self.busy) - (self._ours(self.pids) - self.ours)
        return min(1.0, max(0.0, others / ((time.monotonic() - self.begun) * os.cpu_count())))


def first_line(*command):
    """What a program says of its version; absent where it is not there."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return (said.stdout.strip() or said.stderr.strip()).splitlines()[0]


def describe():
    """The machine and what was measured with, as lines for the page."""
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    with open("/proc/meminfo") as f:
        memory = int(re.search(r"MemTotal:\s*(\d+)", f.read()).group(1)) / 1024 / 1024
    virtual = first_line("systemd-detect-virt", "--vm")
    versions = {
        "Redis": first_line("redis-server", "--version"), "Node.js": first_line("node", "--version"),
        "nginx": first_line("nginx", "-v"), "Varnish": first_line("varnishd", "-V"), "wrk": first_line("wrk", "-v"),
        "g++": first_line("g++", "-dumpfullversion"), "vegeta": first_line(VEGETA, "--version"),
    }
    numbers = {name: re.search(r"\d+\.\d+(\.\d+)?", said) for name, said in versions.items() if said}
    told = ", ".join(f"{name} {number.group(0)}" for name, number in numbers.items() if number)
    return {"machine": f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
                       f"{'virtual (' + virtual + '), ' if virtual and virtual != 'none' else ''}"
                       f"Linux {platform.release()}",
            "software": told,
            "server": first_line(server_binary(), "--version"),
            "commit": first_line("git", "-C", ROOT, "describe", "--always", "--dirty"),
            "date": time.strftime("%Y-%m-%d"), "others": busy_without_us()}


def busy_without_us(seconds=1):
    """The share of the machine that is in use while this program starts nothing and waits."""
    others = Disturbance([])
    time.sleep(seconds)
    return others.share()


def server_binary():
    return os.path.abspath(os.environ.get("BOOKINGS_SERVER", os.path.join(ROOT, "build/release/bookings-server")))


VEGETA = os.environ.get("VEGETA", os.path.join(ROOT, "build/bench/vegeta"))
