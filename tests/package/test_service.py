"""The package on a Debian whose first process is systemd: a container that boots a copy of what tools/systemd-root made."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from processes import LIMIT, until
from test_package import NAME, PACKAGE, newer

ROOT = pathlib.Path(__file__).parent.parent.parent / "build/systemd-root"
GROUPS = pathlib.Path("/sys/fs/cgroup")
DATA = f"/var/lib/private/{NAME}/bookings.db"
CONFIGURATION = f"/etc/{NAME}/environment"


def why_not():
    if not ROOT.with_suffix(".needs").exists():
        return "tools/systemd-root has made no root"
    if os.geteuid() != 0:
        return "only root can boot a container"
    return "" if shutil.which("systemd-nspawn") else "systemd-nspawn is not installed"


pytestmark = pytest.mark.skipif(why_not() != "", reason=why_not())


class Container:
    """One booted systemd, with a network of its own that has a loopback alone."""

    def __init__(self, folder):
        self.root, self.groups, self.first = folder / "root", [], None
        subprocess.run(["cp", "-a", "--reflink=auto", ROOT, self.root], check=True)
        manager = pathlib.Path("/run/systemd/system").exists()
        # Without a systemd outside nobody gives the container a control group of its own: it must not have the machine's.
        if not manager:
            places = [GROUPS / name for name in ("systemd", "unified") if (GROUPS / name).is_dir()] or [GROUPS]
            self.groups = [place / f"reprise-{os.getpid()}" for place in places]
        self.process = subprocess.Popen(
            ["systemd-nspawn", f"--directory={self.root}", "--boot", "--register=no", f"--machine=reprise-{os.getpid()}",
             "--private-network", "--console=pipe", "--kill-signal=SIGRTMIN+3", *([] if manager else ["--keep-unit"])],
            stdin=subprocess.DEVNULL, stdout=(folder / "boot.log").open("w"), stderr=subprocess.STDOUT, preexec_fn=self._enter_groups)

    def wait_booted(self):
        self.first = until(self._first_process, "the container's first process")
        until(lambda: self.ask("systemctl", "is-system-running") in ("running", "degraded"), "systemd to have booted")

    def _enter_groups(self):
        for group in self.groups:
            group.mkdir()
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _first_process(self):
        assert self.process.poll() is None, (self.root.parent / "boot.log").read_text()
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((child for child in children if pathlib.Path(f"/proc/{child}/comm").read_text() == "systemd\n"), None)

    def run(self, *command):
        return subprocess.run(["nsenter", "--target", self.first, "--all", *command], capture_output=True, text=True,
                              timeout=2 * LIMIT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})

    def ask(self, *command):
        return self.run(*command).stdout.strip()

    def do(self, *command):
        done = self.run(*command)
        assert done.returncode == 0, "\n".join([str(command), done.stdout, done.stderr, self.ask("journalctl", "-u", NAME, "-n", "40")])
        return done.stdout

    def show(self, *properties):
        lines = self.do("systemctl", "show", NAME, *(f"-p{name}" for name in properties)).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def path(self, name):
        return self.root / name.lstrip("/")

    def install(self, package):
        shutil.copy(package, self.root / "root/package.deb")
        return self.do("dpkg", "--force-confold", "-i", "/root/package.deb")

    def request(self, path, port, token=None, **body):
        """Status and JSON, asked for within the container's network by the machine's own curl."""
        how = ["--data", json.dumps(body), "-H", "Content-Type: application/json"] if body else []
        done = subprocess.run(["nsenter", "--target", self.first, "--net", "curl", "-sS", "-m", str(LIMIT), "-w", "\n%{http_code}",
                               *(["-H", f"Authorization: Bearer {token}"] if token else []), *how, f"http://127.0.0.1:{port}{path}"],
                              capture_output=True, text=True, timeout=2 * LIMIT)
        assert done.returncode == 0, done.stderr
        text, status = done.stdout.rsplit("\n", 1)
        return int(status), json.loads(text)

    def close(self):
        self.process.terminate()  # systemd-nspawn then asks the container to halt
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            if self.first is not None:
                os.kill(int(self.first), signal.SIGKILL)  # and with it all that is in the container
            self.process.kill()
            self.process.wait(LIMIT)
        shutil.rmtree(self.root)  # large, and pytest would keep it
        for group in self.groups:
            for inner in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                until(lambda: _removed(inner), f"{inner} to be empty")
            until(lambda: _removed(group), f"{group} to be empty")


def _removed(group):
    with contextlib.suppress(OSError):
        if group.exists():
            group.rmdir()
    return not group.exists()


@pytest.fixture
def container(tmp_path):
    container = Container(tmp_path)
    try:
        container.wait_booted()
        yield container
    finally:
        container.close()


def with_version(package, folder, version):
    """A higher version whose program says so: as many letters, so that nothing in it moves."""
    made = newer(package, folder)
    program = folder / "usr/bin" / NAME
    text = program.read_bytes()
    was = subprocess.run([program, "--version"], check=True, capture_output=True).stdout.strip()
    is_now = was.replace(was.split()[-1], version.encode())
    assert len(was) == len(is_now) and was in text
    program.write_bytes(text.replace(was, is_now))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, made], check=True, capture_output=True)
    return made


def test_service_lives_through_installation_upgrade_removal_and_purge(container, tmp_path_factory):
    container.install(PACKAGE)
    assert container.ask("systemctl", "is-active", NAME) == "inactive"  # it wants a configuration first
    assert container.ask("systemctl", "is-enabled", NAME) == "disabled"
    with container.path(CONFIGURATION).open("a") as file:
        file.write("PORT=3100\nJWT_SECRET=" + "s" * 32 + "\n")

    container.do("systemctl", "enable", "--now", NAME)  # returns when it has said that it is ready
    assert container.show("Type", "ActiveState", "SubState", "Result", "NRestarts") == {
        "Type": "notify", "ActiveState": "active", "SubState": "running", "Result": "success", "NRestarts": "0"}
    assert container.request("/ready", 3100)[0] == 200
    status, reply = container.request("/api/auth/register", 3100, email="a@example.com", password="long enough 1", name="A", role="student")
    assert status == 201
    token = reply["data"]["token"]
    assert container.path(DATA).exists()

    before = container.show("MainPID")["MainPID"]
    container.install(with_version(PACKAGE, tmp_path_factory.mktemp("newer") / "package", "0.9.9"))
    assert container.ask(f"/usr/bin/{NAME}", "--version").endswith(" 0.9.9")
    assert container.show("ActiveState", "NRestarts") == {"ActiveState": "active", "NRestarts": "0"}
    assert container.show("MainPID")["MainPID"] != before
    assert container.ask("readlink", f"/proc/{container.show('MainPID')['MainPID']}/exe") == f"/usr/bin/{NAME}"
    assert "JWT_SECRET=sss" in container.path(CONFIGURATION).read_text()
    status, reply = container.request("/api/auth/me", 3100, token=token)
    assert (status, reply["data"]["email"]) == (200, "a@example.com")

    container.do("systemctl", "stop", NAME)
    assert container.show("ActiveState", "Result", "ExecMainStatus") == {
        "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
    container.do("systemctl", "start", NAME)

    container.do("dpkg", "-r", NAME)
    assert container.ask("pidof", NAME) == ""
    assert container.ask("systemctl", "is-enabled", NAME) == ""
    assert container.path(CONFIGURATION).exists() and container.path(DATA).exists()
    container.do("dpkg", "-P", NAME)
    assert not container.path(CONFIGURATION).exists() and not container.path(DATA).exists()
    assert container.ask("dpkg", "-l", NAME) == ""
    assert container.ask("systemctl", "--failed", "--no-legend") == ""


def test_service_has_no_rights_that_it_does_not_need(container):
    container.install(PACKAGE)
    container.do("systemctl", "start", NAME)
    asked = {"DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
             "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes", "CapabilityBoundingSet": "", "StateDirectory": NAME}
    assert container.show(*asked) == asked

    # What is asked for is what the process has, by the kernel's account.
    main = container.show("MainPID")["MainPID"]
    process = dict(re.findall(r"^(\w+):\s+(.*)$", container.ask("cat", f"/proc/{main}/status"), re.M))
    assert process["Uid"].split()[0] != "0"
    assert (int(process["CapEff"], 16), int(process["CapBnd"], 16), process["NoNewPrivs"], process["Seccomp"]) == (0, 0, "1", "2")
    for folder, option in (("/usr", "ro"), ("/etc", "ro"), (f"/var/lib/private/{NAME}", "rw")):
        mounts = container.ask("cat", f"/proc/{main}/mountinfo").splitlines()
        within = [line.split() for line in mounts if folder.startswith(line.split()[4].rstrip("/") + "/") or folder == line.split()[4]]
        assert max(within, key=lambda words: len(words[4]))[5].split(",")[0] == option, folder
    owner = container.path(DATA).stat()
    assert owner.st_uid == int(process["Uid"].split()[0]) and owner.st_mode & 0o077 == 0
