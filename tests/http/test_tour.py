"""The README's tour, as a newcomer runs it: MISS, HIT, MISS."""
import os
import re
import subprocess

from conftest import SERVER, needs_a_file

README = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")


@needs_a_file  # FerretDB 1 reads a whole collection for each document: to seed it takes long
def test_readme_tour_shows_miss_hit_miss(start, redis_server, tmp_path):
    environment = {**os.environ, "STORE_URL": f"sqlite:{tmp_path}/bookings.db"}
    for expected in ("Seeded ", "There is data already"):
        seeded = subprocess.run([SERVER, "seed"], env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=120)
        assert seeded.returncode == 0 and expected in seeded.stdout, seeded.stderr
    server = start(REDIS_URL=redis_server.url).wait_caching()
    with open(README) as f:
        tour = re.search(r"<!-- tour:.*?-->\n```sh\n(.*?)```", f.read(), re.S).group(1)
    shown = subprocess.run(["bash", "-c", tour], env={**os.environ, "URL": server.url}, text=True, capture_output=True, timeout=60)
    assert re.findall(r"X-Cache: (\w+)", shown.stdout) == ["MISS", "HIT", "MISS"], shown.stdout + shown.stderr
