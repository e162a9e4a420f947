"""Servers that are no Redis, or an old one: what a client may meet behind an address. No real ones of these can be had."""
import contextlib
import socket
import threading


class StrangeServer:
    """Listens on a port of the loopback and gives each connection to `talk(socket)` on a thread of its own."""

    def __init__(self, talk):
        self.talk, self.open = talk, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.accepted += 1
                self.open.append(client)
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client:
            self.talk(client)

    def stop(self):
        # shutdown() also wakes the accept().
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.open:
            client.close()
        self.thread.join(10)
        assert not self.thread.is_alive()


def commands(client):
    """The commands of a client, as lists of words, until it goes."""
    stream = client.makefile("rb")
    while head := stream.readline():
        words = []
        for _ in range(int(head[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2].decode(errors="replace"))
        yield words


def answering(answer):
    """`answer(words)` gives the bytes of the reply, or none."""
    def talk(client):
        for words in commands(client):
            client.sendall(answer(words))
    return talk


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


ROLE = "role:master\r\nmaster_replid:" + "a" * 40


def redis_that_tells(server, replication=ROLE):
    """A Redis whose INFO says this."""
    replies = {"HELLO": b"%1\r\n" + bulk("proto") + b":3\r\n", "SCRIPT": bulk("b" * 40), "PING": b"+PONG\r\n", "UNLINK": b":1\r\n"}

    def answer(words):
        if words[0] == "INFO":
            sections = {"server": server, "replication": replication}
            return bulk(sections.get("".join(words[1:]), server + "\r\n" + replication) + "\r\n")
        return replies.get(words[0], b"+OK\r\n")
    return answer


def old_redis(words):
    """Redis 5 on a command that it does not know: it repeats its arguments."""
    arguments = "".join(f"`{each}`, " for each in words[1:])
    return f"-ERR unknown command `{words[0]}`, with args beginning with: {arguments}\r\n".encode()


def endless(head, piece):
    """Sends without an end, whatever is asked."""
    def talk(client):
        client.recv(65536)
        client.sendall(head)
        while True:
            client.sendall(piece)
    return talk
