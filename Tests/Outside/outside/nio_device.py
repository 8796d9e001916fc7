"""A matrix-nio client that encrypts, on a device of its own, and lives as such clients do: it syncs without end, and
between two syncs uploads keys, asks for those of others, and sends what its devices have to tell each other.
"""

import asyncio
import contextlib

import nio

ANSWER_SECONDS = 40
POLL_SECONDS = 0.05
SYNC_MILLISECONDS = 300
PASSPHRASE = "a passphrase for keys that leave the device"


class NioDevice:
    """One device. What it reads is kept in `texts`, by room, as `(sender, text)`; what it cannot read in `locked`."""

    def __init__(self, client):
        self.client = client
        self.texts = {}
        self.locked = {}
        self.requests = []
        client.add_event_callback(self._keep, (nio.RoomMessageText, nio.MegolmEvent))
        client.add_to_device_callback(self.requests.append, nio.RoomKeyRequest)
        self._life = None

    @classmethod
    async def log_in(cls, user, folder, url):
        """A new device of a registered user, whose requests all go to this URL, and who is already syncing."""
        folder.mkdir(parents=True)
        client = nio.AsyncClient(url, user.user_id, store_path=str(folder))
        answer = await client.login(user.password, device_name=folder.name)
        assert isinstance(answer, nio.LoginResponse), answer
        device = cls(client)
        device._life = asyncio.create_task(client.sync_forever(timeout=SYNC_MILLISECONDS))
        await device.until(lambda: client.olm_account_shared and client.next_batch)
        return device

    async def close(self):
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        await self.client.close()

    @property
    def user_id(self):
        return self.client.user_id

    @property
    def device_id(self):
        return self.client.device_id

    def _keep(self, room, event):
        if isinstance(event, nio.MegolmEvent):
            self.locked.setdefault(room.room_id, []).append(event)
        else:
            assert event.decrypted, "a message that was not encrypted"
            self.texts.setdefault(room.room_id, []).append((event.sender, event.body))

    async def until(self, found, seconds=ANSWER_SECONDS):
        """What `found` gives once it gives something; the client goes on living meanwhile."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if self._life.done():
                self._life.result()
            value = found()
            if value:
                return value
            assert asyncio.get_running_loop().time() < deadline, (
                f"{self.user_id} on {self.device_id}: what was waited for did not come within {seconds} s;"
                f" read {self.texts}, locked {self.locked}"
            )
            await asyncio.sleep(POLL_SECONDS)

    # -- rooms

    async def create_encrypted_room(self, *invited):
        content = {"algorithm": "m.megolm.v1.aes-sha2"}
        answer = await self.client.room_create(
            invite=list(invited), initial_state=[{"type": "m.room.encryption", "state_key": "", "content": content}]
        )
        assert isinstance(answer, nio.RoomCreateResponse), answer
        await self.until(lambda: answer.room_id in self.client.rooms)
        return answer.room_id

    async def accept(self, room):
        await self.until(lambda: room in self.client.invited_rooms)
        answer = await self.client.join(room)
        assert isinstance(answer, nio.JoinResponse), answer
        await self.until(lambda: room in self.client.rooms and self.client.rooms[room].encrypted)

    async def say(self, room, text):
        content = {"msgtype": "m.text", "body": text}
        answer = await self.client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
        assert isinstance(answer, nio.RoomSendResponse), answer

    async def reads(self, room, *said):
        """Waits until exactly these `(sender, text)` were read in the room, in this order."""
        await self.until(lambda: len(self.texts.get(room, [])) >= len(said))
        assert self.texts[room] == list(said)

    async def history(self, room):
        """The texts of the room that this device can read now, oldest first."""
        answer = await self.client.room_messages(room, self.client.next_batch, limit=100)
        assert isinstance(answer, nio.RoomMessagesResponse), answer
        return [event.body for event in reversed(answer.chunk) if isinstance(event, nio.RoomMessageText)]

    # -- devices

    def device(self, other):
        """Another device as this one knows it, or `None`."""
        with contextlib.suppress(KeyError):
            return self.client.device_store[other.user_id][other.device_id]

    async def knows(self, *others):
        for other in others:
            await self.until(lambda other=other: self.device(other))

    async def export_keys(self, file):
        await self.client.export_keys(str(file), PASSPHRASE)

    async def import_keys(self, file):
        await self.client.import_keys(str(file), PASSPHRASE)


async def verify_by_emoji(one, other):
    """Both people compare the pictures on their screens, and find that they are the same."""
    answer = await one.client.start_key_verification(one.device(other))
    assert isinstance(answer, nio.ToDeviceResponse), answer
    ((name, hers),) = one.client.key_verifications.items()
    his = await other.until(lambda: other.client.key_verifications.get(name))
    answer = await other.client.accept_key_verification(name)
    assert isinstance(answer, nio.ToDeviceResponse), answer
    await one.until(lambda: hers.established_sas)
    await other.until(lambda: his.established_sas)
    assert hers.get_emoji() == his.get_emoji() and len(hers.get_emoji()) == 7
    for person in (one, other):
        answer = await person.client.confirm_short_auth_string(name)
        assert isinstance(answer, nio.ToDeviceResponse), answer
    await one.until(lambda: hers.verified)
    await other.until(lambda: his.verified)
    assert one.device(other).verified and other.device(one).verified
