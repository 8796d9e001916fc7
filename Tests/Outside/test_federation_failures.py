"""Workers that speak to other servers are killed while they do; no event is lost on the way, and none comes twice.

Two deployments of several processes each, in one another's rooms.
"""

import collections
import itertools
import threading
import time

import pytest

from outside.client import bodies, eventually, joined, register

pytestmark = [
    pytest.mark.apus_only("how Synapse's workers die is its own affair"),
    pytest.mark.rests_on("PUT /_matrix/federation/v1/send/{txnId}"),
]

ROOMS = 3
# Below the number from which on a server that was away gets only the newest of a room and has to ask for the rest.
MISSED_IN_EACH_ROOM = 60
SECONDS = 90


@pytest.fixture(scope="module")
def here(start_federating):
    return start_federating("here", "apus", single=False)


@pytest.fixture(scope="module")
def there(start_federating):
    return start_federating("there", "apus", single=False)


@pytest.fixture
def world(here, there):
    """A user of each deployment, and the rooms that both are in."""
    host, guest = register(here.base_urls, "host"), register(there.base_urls, "guest")
    rooms = [host.create_room(preset="public_chat", name=f"Shared {n}") for n in range(ROOMS)]
    for room in rooms:
        guest.join(room, via=[host.server_name])
        guest.sync_until(lambda sync, room=room: joined(sync, room))
        eventually(lambda room=room: host.membership(room, guest) == "join")
    return host, guest, rooms


def texts(user, room):
    """What a user reads of a room, oldest first."""
    found, token = [], None
    while True:
        page = user.messages(room, limit=100, **({"from": token} if token else {})).ok()
        found += bodies(page["chunk"])
        token = page.get("end")
        if not token:
            return list(reversed(found))


def check(user, sent):
    """Everything that was sent is there: once, and in the order in which it was."""
    eventually(lambda: all(set(wanted) <= set(texts(user, room)) for room, wanted in sent.items()), seconds=SECONDS)
    for room, wanted in sent.items():
        found = [text for text in texts(user, room) if text in set(wanted)]
        doubled = [text for text, count in collections.Counter(found).items() if count > 1]
        assert not doubled, f"there twice: {doubled[:5]}"
        assert found == wanted, "not in the order in which it was sent"


class Sending:
    """Sends one message after the other, into each room in turn, until it is told to stop."""

    def __init__(self, user, rooms):
        self.sent = {room: [] for room in rooms}
        self._user = user
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    @property
    def count(self):
        return sum(map(len, self.sent.values()))

    def wait_for(self, more):
        wanted = self.count + more
        eventually(lambda: self.count >= wanted)

    def _run(self):
        for number, room in zip(itertools.count(), itertools.cycle(self.sent)):
            if self._ends.is_set():
                return
            self._user.send(room, f"number {number}")
            self.sent[room].append(f"number {number}")
            time.sleep(0.01)


def test_who_takes_transactions_in_is_killed(there, world):
    host, guest, rooms = world
    with Sending(host, rooms) as sending:
        for _ in range(3):
            sending.wait_for(20)
            there.kill_worker("reader-1")
            sending.wait_for(10)
            there.start_worker("reader-1")
        sending.wait_for(20)
    # Whoever is heard of is tried again at once.
    guest.send(rooms[0], "I am back")
    check(guest, sending.sent)


def test_who_sends_is_killed(here, world):
    host, guest, rooms = world
    with Sending(host, rooms) as sending:
        for _ in range(3):
            sending.wait_for(20)
            here.kill_worker("sender-1")
            sending.wait_for(10)
            here.start_worker("sender-1")
        sending.wait_for(20)
    check(guest, sending.sent)


def test_who_sends_is_killed_while_a_server_catches_up(here, there, world):
    host, guest, rooms = world
    there.kill_worker("reader-1")
    sent = {room: [f"missed {number}" for number in range(MISSED_IN_EACH_ROOM)] for room in rooms}
    for room, wanted in sent.items():
        for text in wanted:
            host.send(room, text)
    there.start_worker("reader-1")
    guest.send(rooms[0], "I am back")

    def begun():
        return any("missed 0" in texts(guest, room) for room in rooms)

    # As soon as anything of it has come.
    deadline = time.monotonic() + SECONDS
    while not begun():
        assert time.monotonic() < deadline, "nothing was caught up"
    here.kill_worker("sender-1")
    here.start_worker("sender-1")
    guest.send(rooms[0], "I am still here")
    check(guest, sent)
