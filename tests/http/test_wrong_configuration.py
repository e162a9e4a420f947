"""A wrong value ends the start with exit status 2 and names the variable; the message never repeats a secret."""
import os
import subprocess

import pytest

from conftest import SERVER

WRONG = {
    "PORT": "70000", "STORE_URL": "mysql://x", "REDIS_URL": "http://x", "REDIS_PORT": "x", "REDIS_DEADLINE_MS": "-1",
    "QUEUE_REDIS_URL": "x", "CACHE_TTL": "0", "DEPLOYMENT_ID": "a b", "ORIGIN_READS": "0", "CACHE_L1_BYTES": "lots",
    "CACHE_L1_MODE": "maybe", "JWT_SECRET": "short-secret", "JWT_TTL": "soon", "ADMIN_EMAIL": "nobody",
    "CORS_ORIGINS": "not an origin", "TRUSTED_PROXIES": "nowhere!", "AUTH_RATE_LIMIT": "-1", "WORKERS": "0",
    "LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "STORE_DELAY_MS": "-5", "PUBLIC_URL": "ftp://x", "SSLCOMMERZ_BASE_URL": "x",
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_value_is_named_and_refused(name, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("REDIS_")}
    # REDIS_PORT counts only where REDIS_HOST is set.
    environment.update({"REDIS_HOST": "127.0.0.1"} if name == "REDIS_PORT" else {})
    run = subprocess.run([SERVER, "serve", "--check-config"], env={**environment, name: WRONG[name]}, cwd=tmp_path,
                         text=True, capture_output=True, timeout=60)
    assert run.returncode == 2 and name in run.stderr, (run.returncode, run.stderr)
    assert "short-secret" not in run.stderr
    assert not list(tmp_path.iterdir())


def test_valid_configuration_passes(tmp_path):
    run = subprocess.run([SERVER, "serve", "--check-config"], cwd=tmp_path, text=True, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
