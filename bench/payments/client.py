"""A client of payment starts at a fixed rate, whatever the replies do (an open loop), in one thread."""
import asyncio
import json
import time

from bench.support.program import Wrong

PATIENCE = 60  # seconds that any reply may take


class Client:
    """Requests on kept connections, as many as are wanted at once."""

    def __init__(self, port):
        self.port, self.idle = port, []

    async def ask(self, method, path, token, body=None):
        """The status and the parsed body."""
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        text = b"" if body is None else json.dumps(body).encode()
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                     f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        reply = await reader.readexactly(int(fields["content-length"]))
        self.idle.append((reader, writer))
        return int(head[9:12]), json.loads(reply)

    async def connect(self, count):
        """So many connections before the first request: what is measured are replies."""
        self.idle += [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(count)]

    def close(self):
        for _, writer in self.idle:
            writer.close()


async def start_payments(port, orders, rate):
    """Starts a payment for each (token, body) of `orders`, `rate` of them a second.

    Returns for each {"id", "late" (how late it was sent), "start" (until it was answered), "page" (until the page to pay on
    was there)}, in seconds; the last two from when it was due."""
    client = Client(port)
    await client.connect(8)
    began = time.perf_counter() + 0.1

    async def one(number, token, body):
        due = began + number / rate
        await asyncio.sleep(due - time.perf_counter())
        late = time.perf_counter() - due
        status, reply = await client.ask("POST", "/api/payments/init", token, body)
        start = time.perf_counter() - due
        if status not in (200, 202):
            raise Wrong(f"POST /api/payments/init: {status} {reply}")
        data = reply["data"]
        while data["status"] == "queued":
            status, shown = await client.ask("GET", f"/api/payments/{data['id']}?wait=20", token)
            if status != 200:
                raise Wrong(f"GET /api/payments/{data['id']}: {status} {shown}")
            data = {**data, **shown["data"]}
        if not data.get("gatewayUrl"):
            raise Wrong(f"a payment without a page: {data}")
        return {"id": data["id"], "late": late, "start": start, "page": time.perf_counter() - due}

    try:
        return await asyncio.gather(*(one(number, *order) for number, order in enumerate(orders)))
    finally:
        client.close()
