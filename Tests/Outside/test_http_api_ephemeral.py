"""Typing, receipts, read markers, tags and account data."""

import time

import pytest

from outside.client import ephemeral, joined, q


@pytest.fixture
def room(alice, bob):
    """A public room of Alice's with Bob in it."""
    made = alice.create_room(preset="public_chat")
    bob.join(made)
    for user in (alice, bob):
        user.settle(made, lambda event: event.get("state_key") == bob.user_id)
    return made


# -- typing


def typing_path(user, room):
    return f"/rooms/{q(room)}/typing/{q(user.user_id)}"


def test_typing_begins_and_ends(alice, bob, room):
    since = bob.sync()["next_batch"]
    alice.put(typing_path(alice, room), {"typing": True, "timeout": 30_000}).ok()
    sync = bob.sync_until(lambda sync: ephemeral(sync, room, "m.typing"), since=since)
    assert ephemeral(sync, room, "m.typing") == [{"user_ids": [alice.user_id]}]
    alice.put(typing_path(alice, room), {"typing": False}).ok()
    sync = bob.sync_until(lambda sync: ephemeral(sync, room, "m.typing"), since=sync["next_batch"])
    assert ephemeral(sync, room, "m.typing") == [{"user_ids": []}]


def test_typing_ends_by_itself(alice, bob, room):
    since = bob.sync()["next_batch"]
    alice.put(typing_path(alice, room), {"typing": True, "timeout": 1000}).ok()
    sync = bob.sync_until(lambda sync: ephemeral(sync, room, "m.typing"), since=since)
    bob.sync_until(
        lambda sync: ephemeral(sync, room, "m.typing") == [{"user_ids": []}], since=sync["next_batch"], seconds=20
    )


def test_typing_is_ones_own(alice, bob, carol, room):
    alice.put(typing_path(bob, room), {"typing": True, "timeout": 1000}).forbidden()
    carol.put(typing_path(carol, room), {"typing": True, "timeout": 1000}).forbidden()


# -- receipts


def receipts(sync, room, event, kind, user):
    for content in ephemeral(sync, room, "m.receipt"):
        found = content.get(event, {}).get(kind, {}).get(user.user_id)
        if found is not None:
            return found
    return None


def test_a_receipt_reaches_the_others(alice, bob, room):
    event = alice.send(room, "read me")
    since = alice.sync()["next_batch"]
    bob.post(f"/rooms/{q(room)}/receipt/m.read/{q(event)}").ok()
    sync = alice.sync_until(lambda sync: receipts(sync, room, event, "m.read", bob), since=since)
    receipt = receipts(sync, room, event, "m.read", bob)
    assert abs(receipt["ts"] / 1000 - time.time()) < 60
    assert receipts(alice.sync(), room, event, "m.read", bob), "a first sync has it too"


def test_a_private_receipt_is_ones_own(alice, bob, room):
    event = alice.send(room, "read me quietly")
    tokens = alice.sync()["next_batch"], bob.sync()["next_batch"]
    bob.post(f"/rooms/{q(room)}/receipt/m.read.private/{q(event)}").ok()
    bob.sync_until(lambda sync: receipts(sync, room, event, "m.read.private", bob), since=tokens[1])
    later = alice.send(room, "something later")
    sync = alice.sync_until(lambda sync: later in str(sync.json), since=tokens[0])
    assert "m.read.private" not in str(sync.json) and "m.read.private" not in str(alice.sync().json)


def test_a_receipt_of_a_thread_says_so(alice, bob, room):
    root = alice.send(room, "root")
    relation = {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    reply = alice.send(room, "in the thread", **relation)
    since = alice.sync()["next_batch"]
    bob.post(f"/rooms/{q(room)}/receipt/m.read/{q(reply)}", {"thread_id": root}).ok()
    sync = alice.sync_until(lambda sync: receipts(sync, room, reply, "m.read", bob), since=since)
    assert receipts(sync, room, reply, "m.read", bob)["thread_id"] == root
    bob.post(f"/rooms/{q(room)}/receipt/m.read/{q(root)}", {"thread_id": "main"}).ok()
    alice.sync_until(
        lambda sync: (receipts(sync, room, root, "m.read", bob) or {}).get("thread_id") == "main",
        since=sync["next_batch"],
    )


@pytest.mark.parametrize(
    ("kind", "body", "statuses"),
    [
        ("m.nonsense", {}, {400}),
        ("m.read", {"thread_id": ""}, {400}),
        ("m.read", {"thread_id": 5}, {400}),
        ("m.fully_read", {"thread_id": "main"}, {400}),
    ],
)
def test_bad_receipts_are_refused(alice, room, kind, body, statuses):
    event = alice.send(room, "x")
    answer = alice.post(f"/rooms/{q(room)}/receipt/{kind}/{q(event)}", body)
    assert answer.status in statuses, answer


def test_receipts_are_not_for_outsiders(alice, carol, room):
    event = alice.send(room, "x")
    since = alice.sync()["next_batch"]
    carol.post(f"/rooms/{q(room)}/receipt/m.read/{q(event)}")
    later = alice.send(room, "later")
    sync = alice.sync_until(lambda sync: later in str(sync.json), since=since)
    assert carol.user_id not in str(sync.json)


def test_read_markers(alice, bob, room):
    event = alice.send(room, "read me")
    since = bob.sync()["next_batch"]
    bob.post(f"/rooms/{q(room)}/read_markers", {"m.fully_read": event, "m.read": event}).ok()

    def marker(sync):
        events = joined(sync, room).get("account_data", {}).get("events", [])
        return [e["content"]["event_id"] for e in events if e["type"] == "m.fully_read"]

    sync = bob.sync_until(marker, since=since)
    assert marker(sync) == [event]
    assert receipts(bob.sync(), room, event, "m.read", bob)
    alice.sync_until(lambda sync: receipts(sync, room, event, "m.read", bob))


# -- account data


def account_data(user, kind, room=None):
    return f"/user/{q(user.user_id)}" + (f"/rooms/{q(room)}" if room else "") + f"/account_data/{q(kind)}"


@pytest.mark.parametrize("of_room", [False, True], ids=["global", "of a room"])
def test_account_data_is_kept_and_synced(alice, room, of_room):
    place = room if of_room else None
    path = account_data(alice, "org.example.kind", place)
    alice.get(path).refused(404, "M_NOT_FOUND")
    since = alice.sync()["next_batch"]
    alice.put(path, {"v": 1}).ok()
    assert alice.get(path).ok().json == {"v": 1}

    def found(sync):
        part = joined(sync, room) if of_room else sync.json
        return {"type": "org.example.kind", "content": {"v": 1}} in part.get("account_data", {}).get("events", [])

    alice.sync_until(found, since=since)
    assert found(alice.sync())
    alice.put(path, {"v": 2}).ok()
    assert alice.get(path).ok().json == {"v": 2}


def test_account_data_is_ones_own(alice, bob):
    alice.put(account_data(alice, "org.example.kind"), {"v": 1}).ok()
    bob.get(account_data(alice, "org.example.kind")).refused(403, "M_FORBIDDEN")
    bob.put(account_data(alice, "org.example.kind"), {"v": 2}).refused(403, "M_FORBIDDEN")


@pytest.mark.parametrize("kind", ["m.fully_read", "m.push_rules"])
def test_some_account_data_is_the_servers(alice, room, kind):
    place = room if kind == "m.fully_read" else None
    alice.put(account_data(alice, kind, place), {"v": 1}).refused(405, "M_BAD_JSON", "M_UNKNOWN")


@pytest.mark.parametrize("raw", [b"[]", b"5", b'"text"', b"{", b""])
def test_account_data_is_an_object(alice, raw):
    answer = alice.put(account_data(alice, "org.example.kind"), raw=raw)
    answer.refused(400, "M_BAD_JSON", "M_NOT_JSON")


# -- tags


def test_tags_are_set_listed_synced_and_removed(alice, room):
    path = f"/user/{q(alice.user_id)}/rooms/{q(room)}/tags"
    since = alice.sync()["next_batch"]
    alice.put(f"{path}/m.favourite", {"order": 0.25}).ok()
    alice.put(f"{path}/u.work", {}).ok()
    expected = {"m.favourite": {"order": 0.25}, "u.work": {}}
    assert alice.get(path).ok()["tags"] == expected

    def tags(sync):
        events = joined(sync, room).get("account_data", {}).get("events", [])
        return [event["content"]["tags"] for event in events if event["type"] == "m.tag"]

    sync = alice.sync_until(lambda sync: tags(sync) == [expected], since=since)
    alice.delete(f"{path}/m.favourite").ok()
    alice.sync_until(lambda sync: tags(sync) == [{"u.work": {}}], since=sync["next_batch"])
    assert alice.get(path).ok()["tags"] == {"u.work": {}}


def test_tags_are_ones_own(alice, bob, room):
    bob.put(f"/user/{q(alice.user_id)}/rooms/{q(room)}/tags/u.x", {}).refused(403, "M_FORBIDDEN")
    bob.get(f"/user/{q(alice.user_id)}/rooms/{q(room)}/tags").refused(403, "M_FORBIDDEN")


# -- messages to devices


@pytest.mark.uses("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}")
def test_a_message_to_devices_is_delivered_once_per_transaction(alice, bob):
    since = bob.sync()["next_batch"]
    body = {"messages": {bob.user_id: {"*": {"v": 1}}}}
    for _ in range(2):
        alice.put("/sendToDevice/org.example.kind/same", body).ok()
    sync = bob.sync_until(lambda sync: sync.json.get("to_device", {}).get("events"), since=since)
    assert len(sync["to_device"]["events"]) == 1


@pytest.mark.uses("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}")
def test_a_message_for_an_unknown_device_is_dropped(alice, bob):
    since = bob.sync()["next_batch"]
    for device, v in (("UNKNOWN", 1), (bob.device_id, 2)):
        body = {"messages": {bob.user_id: {device: {"v": v}}}}
        alice.put(f"/sendToDevice/org.example.kind/{alice.transaction()}", body).ok()
    sync = bob.sync_until(lambda sync: sync.json.get("to_device", {}).get("events"), since=since)
    assert [event["content"]["v"] for event in sync["to_device"]["events"]] == [2]
