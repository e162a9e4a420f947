"""A gate in front of a TCP server: it passes on what comes, until a test says otherwise.

One thread serves all gates. Every method may be called from any thread and returns when the change is in effect.
"""
import asyncio
import contextlib
import socket
import struct
import threading

REQUESTS, REPLIES = "requests", "replies"  # towards the server; towards the client


def _loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="gates", daemon=True).start()
    return loop


class Gate:
    _shared = None

    def __init__(self, target):
        """Listens on a free port of the loopback (`port`), and connects each client to the port `target`."""
        if Gate._shared is None:
            Gate._shared = _loop()
        self.target = target
        self._pairs = set()
        self._lag = 0.0
        self._halve = False
        self.replies_cut = 0  # by cut_in_next_reply()
        self._refuses = False
        self._on(self._open())

    def point_at(self, target):
        """New connections go there. Those that are open stay where they are; cut() ends them."""
        self.target = target

    def cut(self):
        """Resets every connection, as a firewall or a dying machine does."""
        self._on(self._cut())

    @contextlib.contextmanager
    def closed(self):
        """Nobody gets through: connections are reset, new ones too."""
        self._refuses = True
        self.cut()
        try:
            yield
        finally:
            self._refuses = False

    @contextlib.contextmanager
    def stalled(self, *directions):
        """Connections stay open and nothing moves, in these directions or in both. Then everything arrives."""
        directions = directions or (REQUESTS, REPLIES)
        self._on(self._flow(directions, False))
        try:
            yield
        finally:
            self._on(self._flow(directions, True))

    @contextlib.contextmanager
    def delayed(self, seconds):
        """Everything that comes arrives this much later."""
        self._lag = seconds
        try:
            yield
        finally:
            self._lag = 0.0

    def cut_in_next_reply(self):
        """Of the next reply that comes, the first half is passed on; then that connection is reset."""
        self._halve = True

    def close(self):
        self._refuses = True
        self._on(self._close())

    def _on(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, Gate._shared).result(timeout=30)

    async def _open(self):
        self._moves = {direction: asyncio.Event() for direction in (REQUESTS, REPLIES)}
        await self._flow((REQUESTS, REPLIES), True)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        self._server.close()
        await self._cut()

    async def _flow(self, directions, moves):
        for direction in directions:
            (self._moves[direction].set if moves else self._moves[direction].clear)()

    async def _cut(self):
        for pair in list(self._pairs):
            self._reset(*pair)

    async def _serve(self, client_reader, client):
        if self._refuses:
            return self._reset(client)
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return self._reset(client)
        pair = (client, server)
        self._pairs.add(pair)
        tasks = [asyncio.ensure_future(self._pump(client_reader, server, REQUESTS)),
                 asyncio.ensure_future(self._pump(server_reader, client, REPLIES))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._reset(*pair)
        self._pairs.discard(pair)

    async def _pump(self, reader, writer, direction):
        while data := await reader.read(1 << 16):
            await self._moves[direction].wait()
            if self._lag:
                await asyncio.sleep(self._lag)
            if direction == REPLIES and self._halve:
                self._halve = False
                self.replies_cut += 1
                writer.write(data[:len(data) // 2])
                await writer.drain()
                return
            writer.write(data)
            await writer.drain()

    @staticmethod
    def _reset(*writers):
        for writer in writers:
            with contextlib.suppress(OSError, AttributeError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
