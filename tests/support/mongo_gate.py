"""A gate in front of a MongoDB-protocol server that understands what passes: it shows the commands, answers some in the
server's place as MongoDB would, and can make the server look like the primary of a replica set.

The errors are MongoDB's (error_codes.yml); the database behind carries out what is passed on. Commands of the driver's
own (hello and the like) are not counted among `commands`.
"""
import socket
import struct
import threading

import bson

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
NOT_PRIMARY = {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "not primary",
               "errorLabels": ["RetryableWriteError"]}
BAD_PASSWORD = {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
NO_RIGHT = {"ok": 0.0, "code": 13, "codeName": "Unauthorized", "errmsg": "not authorized on bookings to execute command"}


class MongoGate:
    def __init__(self, port, replica_set=None):
        """Listens on a free port of the loopback (`port`) for clients of the server at `port`."""
        self._target, self._set = port, replica_set
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock, self._answers = threading.Lock(), []
        self.commands = []  # documents, in the order in which they came
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, command, reply, collection=None, carried_out=False, times=1):
        """The next `times` such commands get this reply; with `carried_out`, after the server did what they say."""
        with self._lock:
            self._answers.append([command, collection, reply, carried_out, times])

    def answered(self):
        """Have all such commands come?"""
        with self._lock:
            return all(times == 0 for *_, times in self._answers)

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            try:
                while True:
                    request = _message(client)
                    client.sendall(self._exchange(server, request))
            except (ConnectionError, OSError):
                pass

    def _exchange(self, server, request):
        _, number, _, kind = struct.unpack("<iiii", request[:16])
        command = _body(request, kind)
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            server.sendall(request)
            return self._as_member(number, _message(server))
        instead = self._take(name, command)
        with self._lock:
            self.commands.append(command)
        if instead is None or instead[1]:
            server.sendall(request)
            reply = _message(server)
        return reply if instead is None else _reply(number, instead[0])

    def _take(self, name, command):
        with self._lock:
            for each in self._answers:
                if each[0] == name and each[1] in (None, command[name]) and each[4] > 0:
                    each[4] -= 1
                    return each[2], each[3]
        return None

    def _as_member(self, number, reply):
        kind = struct.unpack("<i", reply[12:16])[0]
        told = _body(reply, kind)
        if self._set is None:
            return reply
        me = f"127.0.0.1:{self.port}"
        told.update({"setName": self._set, "setVersion": 1, "hosts": [me], "me": me, "primary": me, "ismaster": True,
                     "isWritablePrimary": True, "secondary": False, "logicalSessionTimeoutMinutes": 30})
        return _reply(number, told, kind)


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def _message(connection):
    head = _exactly(connection, 4)
    return head + _exactly(connection, struct.unpack("<i", head)[0] - 4)


def _body(message, kind):
    """The document of a message; the sequences of an OP_MSG stand in it as arrays."""
    if kind == OP_QUERY:
        return _document(message, message.index(b"\0", 20) + 1 + 8)
    if kind == OP_REPLY:
        return _document(message, 36)
    body, sequences, at = {}, {}, 20
    while at < len(message):
        size = struct.unpack("<i", message[at + 1:at + 5])[0]
        if message[at] == 0:
            body = _document(message, at + 1)
        else:
            end = message.index(b"\0", at + 5)
            sequences[message[at + 5:end].decode()] = bson.decode_all(message[end + 1:at + 1 + size])
        at += 1 + size
    return {**body, **sequences}


def _document(message, at):
    return bson.BSON(message[at:at + struct.unpack("<i", message[at:at + 4])[0]]).decode()


def _reply(number, document, kind=OP_MSG):
    body = bson.BSON.encode(document)
    body = struct.pack("<iB", 0, 0) + body if kind == OP_MSG else struct.pack("<iqii", 8, 0, 0, 1) + body
    return struct.pack("<iiii", 16 + len(body), 0, number, kind) + body
