"""One client of the Matrix Rust SDK, the core of Element X, driven over standard input and output.

Each line in is a command, each line out its answer: {"ok": ...} or {"error": "..."}. The process is started by
`rust_sdk.py`; it imports nothing of the suites, since it may run under another C library than they do.
"""

import asyncio
import json
import sys

import matrix_sdk_python as sdk
from rust_sdk_encryption import Encryption, encrypting

PAGE = 200


def kind_of(variant):
    """Which of its kinds a value is: the name of its class without that of the enclosing one."""
    return type(variant).__name__.rpartition(".")[2]


def apply(items, update, convert=lambda value: value):
    """Carries out one change of an observed list."""
    kind = kind_of(update)
    if kind == "APPEND":
        items.extend(convert(value) for value in update.values)
    elif kind == "RESET":
        items[:] = [convert(value) for value in update.values]
    elif kind == "CLEAR":
        items.clear()
    elif kind == "PUSH_FRONT":
        items.insert(0, convert(update.value))
    elif kind == "PUSH_BACK":
        items.append(convert(update.value))
    elif kind == "POP_FRONT":
        items.pop(0)
    elif kind == "POP_BACK":
        items.pop()
    elif kind == "INSERT":
        items.insert(update.index, convert(update.value))
    elif kind == "SET":
        items[update.index] = convert(update.value)
    elif kind == "REMOVE":
        items.pop(update.index)
    elif kind == "TRUNCATE":
        del items[update.length :]
    else:
        raise ValueError(f"an unknown change of a list: {kind}")


class Observed:
    """A list that the SDK keeps up to date."""

    def __init__(self):
        self.items = []

    def on_update(self, updates):
        for update in updates:
            apply(self.items, update)


class Typists:
    def __init__(self):
        self.users = []

    def call(self, typing_user_ids):
        self.users = typing_user_ids


class States:
    def __init__(self):
        self.seen = []

    def on_update(self, state):
        self.seen.append(state.name)


class Person(Encryption):
    def __init__(self):
        self.client = None
        self.rooms = Observed()
        self.timelines = {}
        self.typists = {}
        self.states = States()
        # Listeners live as long as their handles.
        self.handles = []

    async def login(self, url, user, password, store=None, encrypted=False):
        builder = sdk.ClientBuilder().homeserver_url(url)
        builder = builder.sliding_sync_version_builder(sdk.SlidingSyncVersionBuilder.DISCOVER_NATIVE)
        if store:
            builder = builder.sqlite_store(sdk.SqliteStoreBuilder(f"{store}/data", f"{store}/cache"))
        else:
            builder = builder.in_memory_store()
        if encrypted:
            builder = encrypting(builder)
        self.client = await builder.build()
        await self.client.login(user, password, "a phone", None)
        if encrypted:
            await self.prepare_encryption()
        return self.client.user_id()

    async def log_out(self):
        await self.service.stop()
        await self.client.logout()

    async def start(self):
        self.service = await self.client.sync_service().finish()
        self.handles.append(self.service.state(self.states))
        rooms = await self.service.room_list_service().all_rooms()
        entries = rooms.entries_with_dynamic_adapters(PAGE, self.rooms)
        controller = entries.controller()
        controller.set_filter(sdk.RoomListEntriesDynamicFilterKind.NON_LEFT())
        self.handles += [rooms, entries, controller, entries.entries_stream()]
        await self.service.start()

    async def stop(self):
        await self.service.stop()

    async def state(self):
        return self.states.seen

    async def list_rooms(self):
        return [await self._described(room) for room in list(self.rooms.items)]

    async def _described(self, room):
        info = await room.room_info()
        return {
            "id": info.id,
            "name": info.display_name,
            "membership": info.membership.name,
            "joined": info.joined_members_count,
            "invited": info.invited_members_count,
            "notifications": info.notification_count,
            "highlights": info.highlight_count,
            "unread": info.num_unread_messages,
            "direct": info.is_direct,
            "inviter": info.inviter.user_id if info.inviter else None,
            "topic": info.topic,
        }

    def _room(self, room):
        return self.client.get_room(room)

    async def create(self, name, invite=(), encrypted=False):
        return await self.client.create_room(
            sdk.CreateRoomParameters(
                name=name,
                topic=None,
                is_encrypted=encrypted,
                is_direct=False,
                visibility=sdk.RoomVisibility.PRIVATE(),
                preset=sdk.RoomPreset.PRIVATE_CHAT,
                invite=list(invite),
                avatar=None,
                power_level_content_override=None,
                join_rule_override=None,
                history_visibility_override=None,
                canonical_alias=None,
            )
        )

    async def join(self, room):
        await self._room(room).join()

    async def leave(self, room):
        await self._room(room).leave()

    async def kick(self, room, user):
        await self._room(room).kick_user(user, "enough")

    async def open(self, room):
        """Begins to follow a room as one that is looked at."""
        await self.service.room_list_service().subscribe_to_rooms([room])
        timeline, items, typists = await self._room(room).timeline(), Observed(), Typists()
        self.handles.append(await timeline.add_listener(items))
        self.handles.append(self._room(room).subscribe_to_typing_notifications(typists))
        self.timelines[room], self.typists[room] = (timeline, items), typists

    async def timeline(self, room):
        events = [item.as_event() for item in list(self.timelines[room][1].items)]
        return [self._shown(event) for event in events if event is not None]

    @staticmethod
    def _shown(event):
        content = event.content
        kind = kind_of(content)
        shown = {"sender": event.sender, "kind": kind, "readers": sorted(event.read_receipts)}
        if hasattr(event.event_or_transaction_id, "event_id"):
            shown["event_id"] = event.event_or_transaction_id.event_id
        if kind == "MSG_LIKE":
            inner = content.content
            shown["kind"] = kind_of(inner.kind)
            shown["reactions"] = {reaction.key: len(reaction.senders) for reaction in inner.reactions}
            shown["thread_root"] = inner.thread_root
            if inner.thread_summary:
                shown["replies"] = inner.thread_summary.num_replies()
            if shown["kind"] == "MESSAGE":
                shown["body"], shown["edited"] = inner.kind.content.body, inner.kind.content.is_edited
        return shown

    async def paginate(self, room, count):
        """True at the beginning of the room."""
        return await self.timelines[room][0].paginate_backwards(count)

    async def send(self, room, body):
        await self.timelines[room][0].send(sdk.message_event_content_from_markdown(body))

    async def reply(self, room, event_id, body):
        await self.timelines[room][0].send_reply(sdk.message_event_content_from_markdown(body), event_id)

    async def edit(self, room, event_id, body):
        await self.timelines[room][0].edit(
            sdk.EventOrTransactionId.EVENT_ID(event_id),
            sdk.EditedContent.ROOM_MESSAGE(sdk.message_event_content_from_markdown(body)),
        )

    async def react(self, room, event_id, key):
        await self.timelines[room][0].toggle_reaction(sdk.EventOrTransactionId.EVENT_ID(event_id), key)

    async def redact(self, room, event_id):
        await self.timelines[room][0].redact_event(sdk.EventOrTransactionId.EVENT_ID(event_id), None)

    async def read(self, room):
        await self.timelines[room][0].mark_as_read(sdk.ReceiptType.READ)

    async def type(self, room, is_typing=True):
        await self._room(room).typing_notice(is_typing)

    async def typing(self, room):
        return self.typists[room].users

    async def favourite(self, room, value=True):
        await self._room(room).set_is_favourite(value, None)

    async def search_users(self, term):
        return [user.user_id for user in (await self.client.search_users(term, 10)).results]


async def main():
    person = Person()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = {"ok": await getattr(person, command.pop("do"))(**command)}
        except Exception as error:  # noqa: BLE001 - whatever fails is the suite's to judge
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
