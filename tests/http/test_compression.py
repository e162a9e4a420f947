"""A long list lies compressed in Redis, and goes out as each client takes it. curl stands for whoever takes zstd."""
import json
import subprocess


def fetch(server, path, *options):
    done = subprocess.run(["curl", "-sS", "--fail", "-D", "-", *options, server.url + path], stdout=subprocess.PIPE, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n")[1:])}, body


def test_long_list_goes_out_compressed_to_those_who_take_it(server, redis_server):
    teacher = server.register("teacher")
    for number in range(100):
        server.make_gig(teacher, title=f"Physics for beginners, part {number}")
    path = "/api/gigs?limit=100"
    head, missed = fetch(server, path)
    assert head["x-cache"] == "MISS" and "content-encoding" not in head and len(missed) > 16 * 1024
    key, = redis_server.client.scan_iter("gigs:user:shared:role:any:query:*")
    assert redis_server.client.strlen(key) < len(missed) / 3

    expected = {**json.loads(missed), "cached": True}
    head, body = fetch(server, path)
    assert head["x-cache"] == "HIT" and "content-encoding" not in head and json.loads(body) == expected
    plain_tag = head["etag"]
    head, body = fetch(server, path, "--compressed", "-H", "Accept-Encoding: gzip, zstd")
    assert head["x-cache"] == "HIT" and head["content-encoding"] == "zstd" and json.loads(body) == expected
    assert int(head["content-length"]) < len(missed) / 3
    assert head["etag"] == plain_tag and "Accept-Encoding" in head["vary"]
    head, body = fetch(server, path, "-H", "Accept-Encoding: zstd;q=0")
    assert "content-encoding" not in head and json.loads(body) == expected
    head, _ = fetch(server, path, "-H", f"If-None-Match: {plain_tag}", "-H", "Accept-Encoding: zstd")
    assert "content-encoding" not in head


def test_short_list_is_stored_as_it_is(server, redis_server):
    server.make_gig(server.register("teacher"))
    fetch(server, "/api/gigs")
    head, body = fetch(server, "/api/gigs", "-H", "Accept-Encoding: zstd")
    assert head["x-cache"] == "HIT" and "content-encoding" not in head and json.loads(body)["cached"] is True
