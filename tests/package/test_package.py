"""The Debian package: built by tools/package, installed, upgraded, removed and purged by dpkg below a folder of its own."""
import os
import pathlib
import shutil
import socket
import stat
import subprocess

import pytest
import requests

from processes import LIMIT, free_port

PACKAGE = pathlib.Path(os.environ["PACKAGE"]).resolve()
NAME = "bookings-server"


class Machine:
    """A folder that dpkg takes for the root of a system. Its scripts run outside of it, with DPKG_ROOT set."""

    def __init__(self, root):
        self.root = root
        database = root / "var/lib/dpkg"
        for folder in ("updates", "info"):
            (database / folder).mkdir(parents=True)
        (database / "status").touch()

    def dpkg(self, *arguments):
        done = subprocess.run(["dpkg", f"--root={self.root}", "--force-script-chrootless", "--force-depends", "--force-not-root",
                               *arguments], capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self):
        return self.dpkg("-s", NAME).splitlines()[1]

    def run(self, *arguments, **environment):
        """The installed program with the installed configuration, below the folder."""
        settings = dict(line.split("=", 1) for line in self.configuration.read_text().splitlines() if line and line[0] != "#")
        settings = {name: value.replace("/var/lib", f"{self.root}/var/lib") for name, value in settings.items()}
        (self.root / "var/lib" / NAME).mkdir(exist_ok=True)  # as StateDirectory= does
        return subprocess.Popen([self.root / "usr/bin" / NAME, *arguments], cwd=self.root / "var/lib" / NAME,
                                env={"PATH": os.environ["PATH"], **settings, **environment}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @property
    def configuration(self):
        return self.root / "etc" / NAME / "environment"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def newer(package, folder):
    """The same package under a higher version, whose configuration file differs."""
    subprocess.run(["dpkg-deb", "-R", package, folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 9"))
    with (folder / "etc" / NAME / "environment").open("a") as file:
        file.write("# newer\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, folder.with_suffix(".deb")], check=True, capture_output=True)
    return folder.with_suffix(".deb")


def test_package_serves_and_keeps_data_and_configuration_over_upgrade_and_removal(machine, tmp_path_factory):
    machine.dpkg("-i", str(PACKAGE))
    assert machine.status() == "Status: install ok installed"
    assert stat.S_IMODE(machine.configuration.stat().st_mode) == 0o600

    check = machine.run("serve", "--check-config")
    assert check.communicate(timeout=LIMIT)[0] is not None and check.returncode == 0

    notices = tmp_path_factory.mktemp("manager") / "notify"
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(notices))
        manager.settimeout(LIMIT)
        server = machine.run("serve", PORT=str(port), NOTIFY_SOCKET=str(notices))
        assert manager.recv(100) == b"READY=1"
        assert requests.get(f"http://127.0.0.1:{port}/ready", timeout=LIMIT).status_code == 200
        server.terminate()
        output = server.communicate(timeout=LIMIT)[0]
        assert server.returncode == 0, output
    data = machine.root / "var/lib" / NAME / "bookings.db"
    assert data.exists()

    machine.configuration.write_text(machine.configuration.read_text() + "CACHE_TTL=30\n")
    machine.dpkg("--force-confold", "-i", str(newer(PACKAGE, tmp_path_factory.mktemp("newer") / "package")))
    assert "Version: 9" in machine.dpkg("-s", NAME)
    assert machine.configuration.read_text().endswith("CACHE_TTL=30\n")
    assert data.exists()

    machine.dpkg("-r", NAME)
    assert not (machine.root / "usr/bin" / NAME).exists()
    assert machine.configuration.exists() and data.exists()
    machine.dpkg("-P", NAME)
    assert not machine.configuration.exists() and not data.exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_unit_is_one_that_systemd_understands(tmp_path):
    subprocess.run(["dpkg-deb", "-x", PACKAGE, tmp_path], check=True)
    unit = tmp_path / f"{NAME}.service"  # as it is, but for where the program lies
    unit.write_text((tmp_path / f"usr/lib/systemd/system/{NAME}.service").read_text().replace("=/usr/bin/", f"={tmp_path}/usr/bin/"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=LIMIT)
    assert [line for line in done.stderr.splitlines() if NAME in line] == []


def test_package_holds_the_server_alone():
    names = subprocess.run(["dpkg-deb", "--contents", PACKAGE], check=True, capture_output=True, text=True).stdout
    files = sorted(line.split()[-1] for line in names.splitlines() if not line.endswith("/"))
    assert files == [f"./etc/{NAME}/environment", f"./usr/bin/{NAME}", f"./usr/lib/systemd/system/{NAME}.service",
                     f"./usr/share/bash-completion/completions/{NAME}", f"./usr/share/fish/vendor_completions.d/{NAME}.fish",
                     f"./usr/share/man/man1/{NAME}.1.gz", f"./usr/share/zsh/vendor-completions/_{NAME}"]
    assert all("root/root" in line for line in names.splitlines())
    needs = subprocess.run(["dpkg-deb", "-f", PACKAGE, "Depends"], check=True, capture_output=True, text=True).stdout
    assert "libc6" in needs and "libmongoc" in needs and "sqlite" not in needs.replace("sqlitecpp", "")


def test_version_is_the_projects(tmp_path):
    subprocess.run(["dpkg-deb", "-x", PACKAGE, tmp_path], check=True)
    told = subprocess.run([tmp_path / "usr/bin" / NAME, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    field = subprocess.run(["dpkg-deb", "-f", PACKAGE, "Version"], check=True, capture_output=True, text=True).stdout.strip()
    project = (pathlib.Path(__file__).parent.parent.parent / "CMakeLists.txt").read_text()
    assert f"project(reprise VERSION {field} " in project and told == field
