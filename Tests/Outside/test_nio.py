"""matrix-nio, a client library that nobody here wrote, against the running server.

Two people meet, talk, read, take back, share a picture and look back; their requests alternate between the two
client-API workers, asked directly, and the load balancer.
"""

import asyncio
import io
import itertools

import nio
import pytest
from PIL import Image

from outside.client import fresh_name

PASSWORD = "correct horse battery staple"
OLD_MESSAGES = 200
SECONDS = 20


class AlternatingClient(nio.AsyncClient):
    """A client whose every request goes to the next of several base URLs.

    The first one leads to every role of the server; media always goes there.
    """

    def __init__(self, urls, *arguments, **options):
        self.front = urls[0]
        self.turn = itertools.cycle(urls)
        super().__init__(urls[0], *arguments, **options)

    async def send(self, method, path, *arguments, **options):
        self.homeserver = self.front if "/media/" in path else next(self.turn)
        return await super().send(method, path, *arguments, **options)


class Person:
    """A nio client that keeps what it saw, and syncs until something is there."""

    def __init__(self, client):
        self.client = client
        self.events = []
        self.ephemeral = []
        self.left = set()
        client.add_event_callback(lambda room, event: self.events.append((room.room_id, event)), nio.Event)
        client.add_ephemeral_callback(
            lambda room, event: self.ephemeral.append((room.room_id, event)), nio.EphemeralEvent
        )

    async def sync_until(self, found):
        async def run():
            while True:
                value = found()
                if value:
                    return value
                answer = await self.client.sync(timeout=2000)
                assert isinstance(answer, nio.SyncResponse), answer
                self.left |= set(answer.rooms.leave)

        return await asyncio.wait_for(run(), SECONDS)

    def texts(self, room):
        return [event.body for where, event in self.events if where == room and isinstance(event, nio.RoomMessageText)]

    async def say(self, room, text):
        answer = await self.client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text})
        assert isinstance(answer, nio.RoomSendResponse), answer
        return answer.event_id


async def arrive(urls, name):
    """Registers, forgets, and logs in again as a new device."""
    newcomer = AlternatingClient(urls, name)
    try:
        answer = await newcomer.register(name, PASSWORD, device_name="first device")
        assert isinstance(answer, nio.RegisterResponse), answer
    finally:
        await newcomer.close()
    client = AlternatingClient(urls, answer.user_id)
    answer = await client.login(PASSWORD, device_name="second device")
    assert isinstance(answer, nio.LoginResponse), answer
    return Person(client)


async def meet(urls):
    """Two people in a room of the first one, by invitation."""
    alice, bob = [await arrive(urls, fresh_name(name)) for name in ("alice", "bob")]
    await bob.client.sync(timeout=0)
    room = await alice.client.room_create(name="Tea", topic="and cake", invite=[bob.client.user_id])
    assert isinstance(room, nio.RoomCreateResponse), room
    room = room.room_id
    await bob.sync_until(lambda: room in bob.client.invited_rooms)
    joined = await bob.client.join(room)
    assert isinstance(joined, nio.JoinResponse), joined
    await bob.sync_until(lambda: room in bob.client.rooms)
    await alice.sync_until(lambda: room in alice.client.rooms and bob.client.user_id in alice.client.rooms[room].users)
    return alice, bob, room


@pytest.fixture
def converse(homeserver):
    """Runs a conversation with two people who have met; closes their connections whatever happens."""

    def run(conversation):
        async def whole():
            urls = [homeserver.front_url, *homeserver.base_urls]
            alice, bob, room = await meet(urls)
            try:
                await conversation(alice, bob, room)
            finally:
                await alice.client.close()
                await bob.client.close()

        asyncio.run(whole())

    return run


def test_the_room_is_as_it_was_made(converse):
    async def conversation(alice, bob, room):
        for person in (alice, bob):
            seen = person.client.rooms[room]
            assert seen.name == "Tea" and seen.topic == "and cake"
            assert seen.joined_count == 2
            # nio does not know that the creator of a version-12 room stands above the power levels.
            assert seen.power_levels.defaults.kick == 50
            assert not seen.power_levels.can_user_kick(bob.client.user_id)

    converse(conversation)


def test_messages_go_both_ways_once_and_in_order(converse):
    async def conversation(alice, bob, room):
        said = []
        for number in range(5):
            for person, name in ((alice, "alice"), (bob, "bob")):
                said.append(f"{name} {number}")
                await person.say(room, said[-1])
        for person in (alice, bob):
            await person.sync_until(lambda person=person: len(person.texts(room)) >= len(said))
            assert person.texts(room) == said

    converse(conversation)


def test_typing_is_seen(converse):
    async def conversation(alice, bob, room):
        await alice.client.room_typing(room, True, timeout=30_000)
        await bob.sync_until(lambda: bob.client.rooms[room].typing_users == [alice.client.user_id])
        await alice.client.room_typing(room, False)
        await bob.sync_until(lambda: bob.client.rooms[room].typing_users == [])

    converse(conversation)


def test_receipts_are_seen(converse):
    async def conversation(alice, bob, room):
        event = await alice.say(room, "read this")
        await bob.sync_until(lambda: bob.texts(room))
        answer = await bob.client.room_read_markers(room, event, event)
        assert isinstance(answer, nio.RoomReadMarkersResponse), answer
        await alice.sync_until(
            lambda: any(
                receipt.event_id == event and receipt.user_id == bob.client.user_id
                for where, content in alice.ephemeral
                if where == room and isinstance(content, nio.ReceiptEvent)
                for receipt in content.receipts
            )
        )
        await bob.sync_until(lambda: bob.client.rooms[room].fully_read_marker == event)

    converse(conversation)


def test_redactions_are_seen(converse):
    async def conversation(alice, bob, room):
        event = await alice.say(room, "never said that")
        await bob.sync_until(lambda: bob.texts(room))
        answer = await alice.client.room_redact(room, event, reason="a slip")
        assert isinstance(answer, nio.RoomRedactResponse), answer

        def redaction():
            return next((e for _, e in bob.events if isinstance(e, nio.RedactionEvent)), None)

        await bob.sync_until(redaction)
        assert redaction().redacts == event and redaction().reason == "a slip"
        seen = await bob.client.room_get_event(room, event)
        assert isinstance(seen, nio.RoomGetEventResponse), seen
        assert isinstance(seen.event, nio.RedactedEvent) and seen.event.redacter == alice.client.user_id

    converse(conversation)


@pytest.mark.rests_on("POST /_matrix/media/v3/upload")
def test_a_picture_is_shared(converse):
    async def conversation(alice, bob, room):
        file = io.BytesIO()
        Image.radial_gradient("L").resize((800, 600)).save(file, "PNG")
        data = file.getvalue()
        uploaded, _ = await alice.client.upload(
            lambda *_: io.BytesIO(data), content_type="image/png", filename="tea.png", filesize=len(data)
        )
        assert isinstance(uploaded, nio.UploadResponse), uploaded
        content = {"msgtype": "m.image", "body": "tea.png", "url": uploaded.content_uri}
        await alice.client.room_send(room, "m.room.message", content)

        def image():
            return next((e for _, e in bob.events if isinstance(e, nio.RoomMessageImage)), None)

        await bob.sync_until(image)
        whole = await bob.client.download(mxc=image().url)
        assert isinstance(whole, nio.DownloadResponse), whole
        assert whole.body == data and whole.content_type == "image/png" and whole.filename == "tea.png"
        server, media = image().url.removeprefix("mxc://").split("/")
        small = await bob.client.thumbnail(server, media, width=96, height=96, method=nio.ResizingMethod.crop)
        assert isinstance(small, nio.ThumbnailResponse), small
        assert Image.open(io.BytesIO(small.body)).size == (96, 96)

    converse(conversation)


def test_paging_back_through_many_messages(converse):
    async def conversation(alice, bob, room):
        said = [f"old {number}" for number in range(OLD_MESSAGES)]
        for text in said:
            await alice.say(room, text)
        sync = await bob.client.sync(timeout=0, full_state=False)
        assert isinstance(sync, nio.SyncResponse), sync
        token = sync.rooms.join[room].timeline.prev_batch
        newest = [e.body for e in sync.rooms.join[room].timeline.events if isinstance(e, nio.RoomMessageText)]
        older = []
        while True:
            page = await bob.client.room_messages(room, token, limit=17)
            assert isinstance(page, nio.RoomMessagesResponse), page
            older += [event.body for event in page.chunk if isinstance(event, nio.RoomMessageText)]
            if not page.chunk or not page.end:
                break
            token = page.end
        assert list(reversed(older)) + newest == said

    converse(conversation)


def test_names_rooms_and_devices(converse):
    async def conversation(alice, bob, room):
        answer = await bob.client.set_displayname("Bob of the tea")
        assert isinstance(answer, nio.ProfileSetDisplayNameResponse), answer
        await alice.sync_until(
            lambda: alice.client.rooms[room].users[bob.client.user_id].display_name == "Bob of the tea"
        )
        joined = await bob.client.joined_rooms()
        assert joined.rooms == [room]
        members = await alice.client.joined_members(room)
        assert {member.user_id for member in members.members} == {alice.client.user_id, bob.client.user_id}
        devices = await alice.client.devices()
        assert {device.display_name for device in devices.devices} == {"first device", "second device"}

    converse(conversation)


def test_leaving_and_forgetting(converse):
    async def conversation(alice, bob, room):
        await alice.client.room_kick(room, bob.client.user_id, reason="tea time is over")
        await bob.sync_until(lambda: room in bob.left)
        answer = await bob.client.room_forget(room)
        assert isinstance(answer, nio.RoomForgetResponse), answer
        answer = await alice.client.room_leave(room)
        assert isinstance(answer, nio.RoomLeaveResponse), answer
        answer = await alice.client.logout(all_devices=True)
        assert isinstance(answer, nio.LogoutResponse), answer
        assert isinstance(await alice.client.whoami(), nio.WhoamiError)

    converse(conversation)
