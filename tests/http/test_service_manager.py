"""What systemd is told of the server (Type=notify in packaging/bookings-server.service)."""
import socket

import pytest
import requests

from conftest import LIMIT


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_service_manager_is_told_when_requests_are_served_and_when_it_ends(start, tmp_path, kind):
    name = str(tmp_path / "notify") if kind == "path" else f"\0{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(LIMIT)
        server = start(NOTIFY_SOCKET=name.replace("\0", "@"))
        assert manager.recv(100) == b"READY=1"
        assert requests.get(server.url + "/ready", timeout=LIMIT).status_code == 200
        assert server.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_service_manager_that_is_gone_holds_up_nothing(start, tmp_path):
    server = start(NOTIFY_SOCKET=str(tmp_path / "nobody"))
    assert requests.get(server.url + "/ready", timeout=LIMIT).status_code == 200
