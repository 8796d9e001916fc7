"""A relay for calls (coturn), and as much of a client of one (RFC 8656) as asks it for an address."""

import hashlib
import hmac
import pathlib
import secrets
import shutil
import socket
import struct

from .processes import Child, StartFailure, free_port

MAGIC = 0x2112A442
ALLOCATE, ALLOCATED, REFUSED = 0x0003, 0x0103, 0x0113
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
RELAYED_ADDRESS, REQUESTED_TRANSPORT = 0x0016, 0x0019
UDP = 17
ANSWER_SECONDS = 5


class Relay:
    """A coturn that lets through whoever has a password made from a secret."""

    def __init__(self, folder, secret, realm="relay.test"):
        program = shutil.which("turnserver")
        if not program:
            raise StartFailure("no turnserver: install coturn")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.child = Child(
            "coturn",
            [
                program,
                "-n",  # without the configuration of the machine
                "--listening-ip=127.0.0.1",
                f"--listening-port={self.port}",
                "--relay-ip=127.0.0.1",
                "--no-tls",
                "--no-dtls",
                "--no-cli",
                "--use-auth-secret",
                f"--static-auth-secret={secret}",
                f"--realm={realm}",
                f"--userdb={self.folder / 'turn.db'}",
                f"--pidfile={self.folder / 'turn.pid'}",
                "--log-file=stdout",
            ],
            self.folder / "coturn.log",
            cwd=self.folder,
        )

    @property
    def uri(self):
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    def start(self):
        self.child.start()
        self.child.wait_until(self._listens)
        return self

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.child.stop()


class Refused(Exception):
    """The relay's answer was an error; `code` is its number."""

    def __init__(self, code):
        super().__init__(f"refused with {code}")
        self.code = code


def allocate(uri, username, password):
    """Asks the relay of a TURN URI for an address and returns its port; raises `Refused`."""
    host, port = uri.removeprefix("turn:").split("?")[0].rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect((host, int(port)))
        # The first request learns what the second has to sign with.
        kind, attributes = _exchange(connection, [])
        if kind != REFUSED or REALM not in attributes:
            raise Refused(_error(attributes))
        realm, nonce = attributes[REALM], attributes[NONCE]
        key = hashlib.md5(b":".join([username.encode(), realm, password.encode()])).digest()
        signed = [(USERNAME, username.encode()), (REALM, realm), (NONCE, nonce)]
        kind, attributes = _exchange(connection, signed, key)
        if kind != ALLOCATED:
            raise Refused(_error(attributes))
        return struct.unpack("!xxH", attributes[RELAYED_ADDRESS][:4])[0] ^ (MAGIC >> 16)


def _exchange(connection, attributes, key=None):
    transaction = secrets.token_bytes(12)
    body = b"".join(
        _attribute(kind, value) for kind, value in [(REQUESTED_TRANSPORT, bytes([UDP, 0, 0, 0])), *attributes]
    )
    if key:
        # The signature covers a head that counts it in already.
        head = struct.pack("!HHI", ALLOCATE, len(body) + 24, MAGIC) + transaction
        body += _attribute(MESSAGE_INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
    connection.send(struct.pack("!HHI", ALLOCATE, len(body), MAGIC) + transaction + body)
    answer = connection.recv(4096)
    kind, length, magic = struct.unpack("!HHI", answer[:8])
    assert magic == MAGIC and answer[8:20] == transaction and length == len(answer) - 20
    return kind, dict(_attributes(answer[20:]))


def _attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(data):
    while data:
        kind, length = struct.unpack("!HH", data[:4])
        yield kind, data[4 : 4 + length]
        data = data[4 + length + -length % 4 :]


def _error(attributes):
    value = attributes.get(ERROR_CODE)
    return value[2] % 8 * 100 + value[3] if value else None
