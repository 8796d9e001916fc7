"""matrix-nio with encryption: people who read what they write to each other, and nobody else does.

Each test is played twice: by two people at different workers of one homeserver, and by people of two homeservers.
"""

import asyncio

import pytest

from outside.client import register
from outside.nio_device import NioDevice, verify_by_emoji

pytestmark = [
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/upload"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/query"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/claim"),
    pytest.mark.rests_on("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"),
]


class Play:
    """The people of a test: Alice at the first place, Bob at the second."""

    def __init__(self, places, folder):
        self.places = places
        self.folder = folder
        self.devices = []
        self.alice_account = register(places[0], "alice")
        self.bob_account = register(places[1], "bob")

    async def log_in(self, account, place=None):
        name = f"{account.localpart}-{len(self.devices)}"
        device = await NioDevice.log_in(account, self.folder / name, place or account.base_urls[0])
        self.devices.append(device)
        return device

    async def meet(self):
        """Both in an encrypted room of Alice, and each knows the other's device."""
        alice, bob = [await self.log_in(account) for account in (self.alice_account, self.bob_account)]
        room = await alice.create_encrypted_room(bob.user_id)
        await bob.accept(room)
        await alice.knows(bob)
        await bob.knows(alice)
        return alice, bob, room

    async def close(self):
        for device in self.devices:
            await device.close()


@pytest.fixture(params=["another worker", "another server"])
def play(request, tested, tmp_path):
    """Runs a play, and ends its clients however it ends."""
    if request.param == "another worker":
        places = [tested.base_urls[0], tested.base_urls[-1]]
    else:
        places = [tested.base_urls[0], request.getfixturevalue("synapse_peer").base_urls[0]]

    def run(scene):
        async def whole():
            cast = Play(places, tmp_path)
            try:
                await scene(cast)
            finally:
                await cast.close()

        asyncio.run(whole())

    return run


def test_messages_are_read_both_ways(play):
    async def scene(cast):
        alice, bob, room = await cast.meet()
        said = []
        for number in range(5):
            for person in (alice, bob):
                said.append((person.user_id, f"number {number}"))
                await person.say(room, said[-1][1])
                for reader in (alice, bob):
                    await reader.reads(room, *said)
        assert not alice.locked and not bob.locked

    play(scene)


def test_a_device_that_comes_later_reads_what_comes_later(play):
    async def scene(cast):
        alice, bob, room = await cast.meet()
        await alice.say(room, "before")
        await bob.reads(room, (alice.user_id, "before"))
        # Through the other way into Bob's server, where there is one.
        second = await cast.log_in(cast.bob_account)
        await alice.knows(second)
        await alice.say(room, "after")
        for reader in (bob, second):
            await reader.until(lambda reader=reader: (alice.user_id, "after") in reader.texts.get(room, []))
        assert [text for _, text in second.texts[room]] == ["after"]
        assert len(second.locked[room]) == 1

        # Keys that the first device hands over by a file open the rest.
        await bob.export_keys(cast.folder / "keys")
        await second.import_keys(cast.folder / "keys")
        assert await second.history(room) == ["before", "after"]

    play(scene)


def test_emoji_are_compared(play):
    async def scene(cast):
        alice, bob, _ = await cast.meet()
        await verify_by_emoji(alice, bob)

    play(scene)


def test_a_verified_device_of_ones_own_is_given_keys_that_it_asks_for(play):
    async def scene(cast):
        alice, bob, room = await cast.meet()
        await alice.say(room, "before")
        await bob.reads(room, (alice.user_id, "before"))
        second = await cast.log_in(cast.bob_account)
        for one, other in ((bob, second), (second, bob)):
            await one.knows(other)
        await verify_by_emoji(second, bob)
        (locked,) = await second.until(lambda: second.locked.get(room))
        await second.client.request_room_key(locked)
        await second.until(lambda: not second.client.outgoing_key_requests)
        assert await second.history(room) == ["before"]

    play(scene)


def test_who_is_removed_does_not_read_on(play):
    async def scene(cast):
        alice, bob, room = await cast.meet()
        await alice.say(room, "together")
        await bob.reads(room, (alice.user_id, "together"))
        await alice.client.room_kick(room, bob.user_id)
        await alice.until(lambda: bob.user_id not in alice.client.rooms[room].users)
        await alice.say(room, "alone")
        await alice.reads(room, (alice.user_id, "together"), (alice.user_id, "alone"))
        assert bob.texts[room] == [(alice.user_id, "together")]

    play(scene)
