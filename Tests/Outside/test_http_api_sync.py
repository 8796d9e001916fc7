"""Sync, the third version: what is new for a user."""

import threading
import time

import pytest

from outside.client import bodies, ephemeral, joined, q, timeline

SEND_TO_DEVICE = "PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"


@pytest.fixture
def room(alice, bob):
    """A public room of Alice's with Bob in it."""
    made = alice.create_room(preset="public_chat")
    bob.join(made)
    for user in (alice, bob):
        user.settle(made, lambda event: event.get("state_key") == bob.user_id)
    return made


def state_types(part):
    return {event["type"] for event in part.get("state", {}).get("events", [])}


def timeline_limit(count, **more):
    return {"room": {"timeline": {"limit": count}, **more}}


# -- the first sync


def test_a_first_sync_gives_the_rooms(alice, bob, room):
    hello = alice.send(room, "hello")
    bob.settle(room, lambda event: event["event_id"] == hello)
    sync = bob.sync()
    part = joined(sync, room)
    assert bodies(part["timeline"]["events"]) == ["hello"]
    everything = part.get("state", {}).get("events", []) + part["timeline"]["events"]
    assert {"m.room.create", "m.room.power_levels", "m.room.join_rules"} <= {event["type"] for event in everything}
    ids = [event["event_id"] for event in everything]
    assert len(ids) == len(set(ids))
    assert part["summary"].get("m.joined_member_count", 2) == 2
    assert part["unread_notifications"] == {"notification_count": 1, "highlight_count": 0}
    assert isinstance(part["timeline"].get("prev_batch"), str)


def test_a_first_sync_gives_the_push_rules(alice):
    events = alice.sync()["account_data"]["events"]
    rules = next(event for event in events if event["type"] == "m.push_rules")
    assert {"override", "underride", "content", "room", "sender"} <= set(rules["content"]["global"])


def test_events_of_a_sync_have_no_room_id(alice, room):
    alice.send(room, "hello")
    for event in timeline(alice.sync(), room):
        # Synapse gives a version-12 create event its room's id here too.
        assert "room_id" not in event or event["type"] == "m.room.create"
        assert {"event_id", "type", "sender", "content", "origin_server_ts"} <= set(event)


def test_no_room_is_shown_to_who_is_not_in_it(carol, room):
    assert room not in carol.sync().json.get("rooms", {}).get("join", {})


# -- increments


def test_nothing_new_is_nothing(alice, room):
    first = alice.sync()
    second = alice.sync(since=first["next_batch"])
    assert not second.json.get("rooms", {}).get("join", {}).get(room, {}).get("timeline", {}).get("events")


def test_an_increment_has_only_what_is_new(alice, bob, room):
    old = alice.send(room, "old")
    since = bob.settle(room, lambda event: event["event_id"] == old)
    alice.send(room, "new")
    sync = bob.sync_until(lambda sync: timeline(sync, room), since=since)
    part = joined(sync, room)
    assert bodies(part["timeline"]["events"]) == ["new"]
    assert part["timeline"].get("limited", False) is False
    assert not part.get("state", {}).get("events")


def test_one_token_may_be_used_again(alice, bob, room):
    since = bob.sync()["next_batch"]
    sent = [alice.send(room, f"number {n}") for n in range(3)]
    bob.settle(room, lambda event: event["event_id"] == sent[-1])
    for _ in range(2):
        sync = bob.sync(since=since)
        assert [event["event_id"] for event in timeline(sync, room)] == sent


def test_events_come_once_and_in_order(alice, bob, room):
    token = bob.sync()["next_batch"]
    sent, seen = [], []
    for n in range(30):
        sent.append(alice.send(room, f"number {n}"))
        if n % 3 == 2:
            sync = bob.sync(since=token)
            token = sync["next_batch"]
            seen += [event["event_id"] for event in timeline(sync, room)]
    deadline = time.monotonic() + 10
    while len(seen) < len(sent) and time.monotonic() < deadline:
        sync = bob.sync(since=token, timeout=500)
        token = sync["next_batch"]
        seen += [event["event_id"] for event in timeline(sync, room)]
    assert seen == sent


def test_the_sender_sees_its_transaction_id(alice, bob, room):
    tokens = {user: user.sync()["next_batch"] for user in (alice, bob)}
    alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "mine"}, "my-transaction").ok()
    for user, expected in ((alice, "my-transaction"), (bob, None)):
        sync = user.sync_until(lambda sync: timeline(sync, room), since=tokens[user])
        assert timeline(sync, room)[0].get("unsigned", {}).get("transaction_id") == expected


def test_state_changes_come_in_the_timeline(alice, bob, room):
    since = bob.sync()["next_batch"]
    alice.set_state(room, "m.room.topic", {"topic": "first"}).ok()
    alice.set_state(room, "m.room.topic", {"topic": "second"}).ok()
    bob.settle(room, lambda event: event["content"] == {"topic": "second"})
    sync = bob.sync(since=since)
    first, second = timeline(sync, room)
    assert second["unsigned"]["prev_content"] == {"topic": "first"}
    assert second["unsigned"]["replaces_state"] == first["event_id"]


# -- gaps


def test_a_gap_is_limited_and_can_be_filled(alice, bob, room):
    since = bob.sync()["next_batch"]
    alice.set_state(room, "m.room.topic", {"topic": "in the gap"}).ok()
    sent = [alice.send(room, f"number {n}") for n in range(20)]
    bob.settle(room, lambda event: event["event_id"] == sent[-1])
    sync = bob.sync(since=since, filter=timeline_limit(5))
    part = joined(sync, room)
    assert part["timeline"]["limited"] is True
    assert [event["event_id"] for event in part["timeline"]["events"]] == sent[-5:]
    assert state_types(part) == {"m.room.topic"}
    page = bob.messages(room, limit=100, **{"from": part["timeline"]["prev_batch"]}).ok()
    older = [event["event_id"] for event in page["chunk"]]
    assert older[:15] == list(reversed(sent[:-5]))


@pytest.mark.spec_only("Synapse leaves out state that the timeline changes again")
def test_a_gap_shows_the_state_of_then_not_of_now(alice, bob, room):
    """State that the timeline changes again is given in `state` as it was where the timeline begins."""
    since = bob.sync()["next_batch"]
    alice.set_state(room, "m.room.topic", {"topic": "before"}).ok()
    for n in range(10):
        alice.send(room, f"number {n}")
    alice.set_state(room, "m.room.topic", {"topic": "after"}).ok()
    last = alice.send(room, "last")
    bob.settle(room, lambda event: event["event_id"] == last)
    sync = bob.sync(since=since, filter=timeline_limit(2))
    part = joined(sync, room)
    assert [event["content"]["topic"] for event in part["state"]["events"]] == ["before"]
    assert part["timeline"]["events"][0]["content"] == {"topic": "after"}


# -- long polls


def in_background(work):
    result = {}

    def run():
        started = time.monotonic()
        result["value"] = work()
        result["seconds"] = time.monotonic() - started

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def test_a_long_poll_ends_with_an_event(alice, bob, room):
    since = bob.sync()["next_batch"]
    thread, result = in_background(lambda: bob.sync_until(lambda sync: timeline(sync, room), since=since))
    time.sleep(0.7)
    alice.send(room, "wake up")
    thread.join(20)
    assert bodies(timeline(result["value"], room)) == ["wake up"]
    assert 0.5 < result["seconds"] < 5


@pytest.mark.parametrize(
    "kind",
    ["typing", "receipt", "invite", "account data", pytest.param("to-device", marks=pytest.mark.uses(SEND_TO_DEVICE))],
)
def test_a_long_poll_ends_with(alice, bob, room, kind):
    # Twice, so that what the first sync itself causes is behind the token.
    since = bob.sync(since=bob.sync()["next_batch"], timeout=0)["next_batch"]
    other = alice.create_room() if kind == "invite" else None

    def came(answer):
        sync = answer.json
        if kind == "invite":
            return other in sync.get("rooms", {}).get("invite", {})
        if kind == "account data":
            return {"type": "org.example.kind", "content": {"v": 1}} in sync.get("account_data", {}).get("events", [])
        if kind == "to-device":
            expected = {"type": "org.example.kind", "content": {"v": 1}, "sender": alice.user_id}
            return expected in [{k: e[k] for k in expected} for e in sync.get("to_device", {}).get("events", [])]
        return ephemeral(answer, room, f"m.{kind}")

    def poll():
        # Presence may end a poll first.
        token, deadline = since, time.monotonic() + 15
        while time.monotonic() < deadline:
            answer = bob.sync(since=token, timeout=15_000)
            if came(answer):
                return True
            token = answer["next_batch"]
        return False

    thread, result = in_background(poll)
    time.sleep(0.7)
    if kind == "typing":
        alice.put(f"/rooms/{q(room)}/typing/{q(alice.user_id)}", {"typing": True, "timeout": 5000}).ok()
    elif kind == "receipt":
        event = alice.messages(room, limit=1).ok()["chunk"][0]["event_id"]
        alice.post(f"/rooms/{q(room)}/receipt/m.read/{q(event)}").ok()
    elif kind == "invite":
        alice.invite(other, bob)
    elif kind == "account data":
        bob.put(f"/user/{q(bob.user_id)}/account_data/org.example.kind", {"v": 1}).ok()
    else:
        body = {"messages": {bob.user_id: {"*": {"v": 1}}}}
        alice.put(f"/sendToDevice/org.example.kind/{alice.transaction()}", body).ok()
    thread.join(30)
    assert result["value"] and result["seconds"] < 8


@pytest.mark.usefixtures("room")
def test_a_long_poll_without_news_lasts_its_time(bob):
    # Who syncs is online from then on, which is news as well.
    since = bob.sync(set_presence="offline")["next_batch"]
    since = bob.sync(since=since, timeout=500, set_presence="offline")["next_batch"]
    started = time.monotonic()
    bob.sync(since=since, timeout=1500, set_presence="offline")
    assert 1.2 < time.monotonic() - started < 6


@pytest.mark.uses(SEND_TO_DEVICE)
def test_to_device_messages_come_until_they_are_acknowledged(alice, bob):
    since = bob.sync()["next_batch"]
    body = {"messages": {bob.user_id: {bob.device_id: {"v": 1}}}}
    alice.put(f"/sendToDevice/org.example.kind/{alice.transaction()}", body).ok()

    def has(sync):
        return sync.json.get("to_device", {}).get("events")

    first = bob.sync_until(has, since=since)
    assert has(bob.sync(since=since)) == has(first)
    assert not has(bob.sync(since=first["next_batch"]))


# -- the sections


def test_an_invitation_has_its_own_section(alice, bob):
    room = alice.create_room(name="Party", invite=[bob.user_id])
    sync = bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("invite", {}))
    events = sync["rooms"]["invite"][room]["invite_state"]["events"]
    assert {"m.room.member", "m.room.name", "m.room.join_rules", "m.room.create"} <= {e["type"] for e in events}
    assert all({"type", "state_key", "sender", "content"} <= set(event) for event in events)
    assert not joined(sync, room)


def test_an_invitation_comes_once(alice, bob):
    since = bob.sync()["next_batch"]
    room = alice.create_room(invite=[bob.user_id])
    sync = bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("invite", {}), since=since)
    later = bob.sync(since=sync["next_batch"])
    assert room not in later.json.get("rooms", {}).get("invite", {})


def test_a_joined_room_comes_whole(alice, bob):
    room = alice.create_room(preset="public_chat", name="Whole")
    for n in range(3):
        alice.send(room, f"number {n}")
    since = bob.sync()["next_batch"]
    bob.join(room)
    sync = bob.sync_until(lambda sync: joined(sync, room), since=since, filter=timeline_limit(2))
    part = joined(sync, room)
    assert {"m.room.create", "m.room.name", "m.room.power_levels"} <= state_types(part)
    assert part["timeline"]["limited"] is True
    assert part["timeline"]["events"][-1]["state_key"] == bob.user_id


def test_a_left_room_comes_once_under_leave(alice, bob, room):
    since = bob.sync()["next_batch"]
    before = alice.send(room, "before")
    bob.settle(room, lambda event: event["event_id"] == before)
    bob.leave(room)
    alice.send(room, "after")
    sync = bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("leave", {}), since=since)
    events = sync["rooms"]["leave"][room]["timeline"]["events"]
    assert events[-1]["content"]["membership"] == "leave"
    assert bodies(events) == ["before"]
    assert not joined(sync, room)
    assert room not in bob.sync(since=sync["next_batch"]).json.get("rooms", {}).get("leave", {})


def test_left_rooms_are_left_out_of_a_first_sync_unless_asked_for(bob, room):
    bob.leave(room)
    assert room not in bob.sync().json.get("rooms", {}).get("leave", {})
    assert room in bob.sync(filter={"room": {"include_leave": True}})["rooms"]["leave"]


def test_a_kicked_user_learns_of_it(alice, bob, room):
    since = bob.sync()["next_batch"]
    alice.post(f"/rooms/{q(room)}/kick", {"user_id": bob.user_id}).ok()
    bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("leave", {}), since=since)


def test_a_rejected_invitation_comes_under_leave(alice, bob):
    room = alice.create_room(invite=[bob.user_id])
    since = bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("invite", {}))["next_batch"]
    bob.leave(room)
    bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("leave", {}), since=since)


# -- filters


def test_full_state_gives_the_state_again(alice, room):
    since = alice.sync()["next_batch"]
    sync = alice.sync(since=since, full_state="true")
    assert {"m.room.create", "m.room.member", "m.room.power_levels"} <= state_types(joined(sync, room))


def test_a_stored_filter_is_used(alice, bob, room):
    path = f"/user/{q(bob.user_id)}/filter"
    created = bob.post(path, timeline_limit(1)).ok()["filter_id"]
    assert bob.get(f"{path}/{created}").ok()["room"]["timeline"]["limit"] == 1
    for n in range(3):
        last = alice.send(room, f"number {n}")
    bob.settle(room, lambda event: event["event_id"] == last)
    assert bodies(timeline(bob.sync(filter=created), room)) == ["number 2"]


@pytest.mark.parametrize("filter", ["99999", "{", '{"room": 5}', '{"room": {"timeline": {"limit": "x"}}}'])
def test_bad_filters_are_refused(bob, filter):
    answer = bob.get("/sync", query={"filter": filter})
    assert answer.status in (400, 404), answer


@pytest.mark.parametrize("since", ["nonsense", "-1", "%00", "0" * 10_000])
def test_bad_tokens_are_refused(bob, since):
    answer = bob.get("/sync", query={"since": since})
    assert answer.status == 400, answer


def test_rooms_are_chosen_by_the_filter(alice):
    # Not of version 12: Synapse takes the create event of such a room for one of no room.
    one, two = alice.create_room(room_version="11"), alice.create_room(room_version="11")
    found = alice.sync(filter={"room": {"rooms": [one]}})["rooms"]["join"]
    assert one in found and two not in found
    found = alice.sync(filter={"room": {"not_rooms": [one]}})["rooms"]["join"]
    assert two in found and one not in found


def test_types_are_chosen_by_the_filter(alice, room):
    alice.send(room, "text")
    alice.send_event(room, "org.example.kind", {"body": "other"}).ok()
    part = alice.sync(filter={"room": {"timeline": {"types": ["org.*"]}, "state": {"types": ["m.room.name"]}}})
    assert bodies(timeline(part, room)) == ["other"]
    assert state_types(joined(part, room)) <= {"m.room.name"}


def test_event_fields_are_chosen_by_the_filter(alice, room):
    alice.send(room, "text")
    sync = alice.sync(filter={"event_fields": ["content.body", "type"], "room": {"timeline": {"limit": 1}}})
    assert timeline(sync, room) == [{"content": {"body": "text"}, "type": "m.room.message"}]


def test_a_room_without_a_name_has_heroes(alice, bob, carol, room):
    carol.join(room)
    alice.settle(room, lambda event: event.get("state_key") == carol.user_id)
    sync = alice.sync(filter=timeline_limit(1, state={"lazy_load_members": True}))
    summary = joined(sync, room)["summary"]
    assert summary["m.joined_member_count"] == 3
    assert set(summary["m.heroes"]) == {bob.user_id, carol.user_id}
    part = joined(sync, room)
    shown = part["state"]["events"] + part["timeline"]["events"]
    members = {event["state_key"] for event in shown if event["type"] == "m.room.member"}
    assert {bob.user_id, carol.user_id} <= members, "the heroes' memberships come along"


def test_lazy_members_are_those_who_speak(alice, bob, carol, room):
    alice.set_state(room, "m.room.name", {"name": "Named, so that it has no heroes"}).ok()
    carol.join(room)
    hello = bob.send(room, "hello")
    alice.settle(room, lambda event: event["event_id"] == hello)
    sync = alice.sync(filter=timeline_limit(1, state={"lazy_load_members": True}))
    members = {
        event["state_key"] for event in joined(sync, room)["state"]["events"] if event["type"] == "m.room.member"
    }
    assert bob.user_id in members and carol.user_id not in members


def test_lazy_members_are_not_sent_twice(homeserver, alice, bob, carol, room):
    # What a device was told of members is remembered by the worker that told it; another one tells it again.
    alice = alice.by(homeserver.base_urls[0])
    alice.set_state(room, "m.room.name", {"name": "Named, so that it has no heroes"}).ok()
    carol.join(room)
    filter = timeline_limit(10, state={"lazy_load_members": True})
    one = bob.send(room, "one")
    alice.settle(room, lambda event: event["event_id"] == one)
    since = alice.sync(filter=timeline_limit(1, state={"lazy_load_members": True}))["next_batch"]
    bob.send(room, "two")
    three = carol.send(room, "three")
    alice.settle(room, lambda event: event["event_id"] == three)
    sync = alice.sync(since=since, filter=filter)
    members = [
        event["state_key"]
        for event in joined(sync, room).get("state", {}).get("events", [])
        if event["type"] == "m.room.member"
    ]
    assert members == [carol.user_id]


# -- ignored users, unread counts


def test_ignored_users_are_not_heard(alice, bob, room):
    path = f"/user/{q(alice.user_id)}/account_data/m.ignored_user_list"
    alice.put(path, {"ignored_users": {bob.user_id: {}}}).ok()
    since = alice.sync()["next_batch"]
    bob.send(room, "can you hear me?")
    bob.set_state(room, "m.room.member", {"membership": "join", "displayname": "Loud"}, bob.user_id).ok()
    alice.settle(room, lambda event: event["content"].get("displayname") == "Loud")
    events = timeline(alice.sync(since=since), room)
    assert [event["type"] for event in events] == ["m.room.member"]


def test_unread_counts_rise_and_fall(alice, bob, room):
    alice.send(room, "one")
    alice.send(room, "two", **{"m.mentions": {"user_ids": [bob.user_id]}})

    def counts(sync):
        return joined(sync, room).get("unread_notifications", {})

    wanted = {"notification_count": 2, "highlight_count": 1}
    sync = bob.sync_until(lambda sync: counts(sync) == wanted)
    last = timeline(sync, room)[-1]["event_id"]
    bob.post(f"/rooms/{q(room)}/receipt/m.read/{q(last)}").ok()
    bob.sync_until(
        lambda sync: counts(sync) == {"notification_count": 0, "highlight_count": 0}, since=sync["next_batch"]
    )


def test_a_mention_highlights(alice, bob, room):
    bob.sync()
    alice.send(room, "hello", **{"m.mentions": {"user_ids": [bob.user_id]}})
    bob.sync_until(lambda sync: joined(sync, room).get("unread_notifications", {}).get("highlight_count") == 1)
