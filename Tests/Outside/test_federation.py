"""The homeserver under test and a peer, Synapse or another of its kind, federating over TLS with a private authority.

Their names are `localhost` with a port, so that each finds the other without DNS. Everything runs in both
directions: `here` and `there` swap their parts.
"""

import json
import time

import pytest

from outside.client import bodies, ephemeral, eventually, joined, q, register, timeline
from outside.processes import answers

pytestmark = pytest.mark.rests_on("PUT /_matrix/federation/v1/send/{txnId}")

SECONDS = 30
VERSIONS = ["10", "11", "12"]


def received(user, room, since, wanted):
    """The texts of a room that come by sync from a token on, once as many as wanted are there, and a little longer."""
    found, deadline = [], time.monotonic() + SECONDS
    linger = None
    while time.monotonic() < (linger or deadline):
        sync = user.sync(since=since, timeout=500, filter={"room": {"timeline": {"limit": 100}}})
        since = sync["next_batch"]
        assert not joined(sync, room).get("timeline", {}).get("limited"), "a gap among a few messages"
        found += bodies(timeline(sync, room))
        if len(found) >= wanted and linger is None:
            linger = time.monotonic() + 1.5
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_both_ways_and_history(host, guest, version):
    room = host.create_room(preset="public_chat", room_version=version, name="Shared")
    before = [f"before {n}" for n in range(20)]
    for text in before:
        host.send(room, text)
    assert guest.join(room, via=[host.server_name]) == room

    assert guest.get_state(room, "m.room.name").ok()["name"] == "Shared"
    assert guest.get_state(room, "m.room.create").ok()["room_version"] == version
    eventually(lambda: host.membership(room, guest) == "join")
    # A join may be answered before the joiner's own syncs know of it.
    tokens = {user: user.sync_until(lambda sync: joined(sync, room))["next_batch"] for user in (host, guest)}

    # Ten each way, taking turns, each waiting for nobody.
    for n in range(10):
        host.send(room, f"host {n}")
        guest.send(room, f"guest {n}")
    for user in (host, guest):
        texts = received(user, room, tokens[user], 20)
        for name in ("host", "guest"):
            assert [text for text in texts if text.startswith(name)] == [f"{name} {n}" for n in range(10)]
        assert len(texts) == 20

    # What was there before the join comes over federation, page by page, once and in order.
    history, token = [], None
    for _ in range(50):
        page = guest.messages(room, limit=10, **({"from": token} if token else {})).ok()
        history += page["chunk"]
        token = page.get("end")
        if not token:
            break
    texts = list(reversed(bodies(history)))
    assert [text for text in texts if text.startswith("before")] == before
    ids = [event["event_id"] for event in history]
    assert len(ids) == len(set(ids)) and history[-1]["type"] == "m.room.create"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_invitation_crosses_and_is_accepted(host, guest, version):
    room = host.create_room(preset="private_chat", room_version=version, name="Private")
    since = guest.sync()["next_batch"]
    host.invite(room, guest)

    def invited(sync):
        return sync.json.get("rooms", {}).get("invite", {}).get(room)

    sync = guest.sync_until(invited, since=since, seconds=SECONDS)
    events = {event["type"]: event for event in invited(sync)["invite_state"]["events"]}
    assert events["m.room.name"]["content"]["name"] == "Private"
    assert guest.join(room) == room
    guest.sync_until(lambda sync: joined(sync, room))
    eventually(lambda: host.membership(room, guest) == "join")
    token = host.sync()["next_batch"]
    guest.send(room, "thanks")
    assert received(host, room, token, 1) == ["thanks"]


def test_an_invitation_crosses_and_is_rejected(host, guest):
    room = host.create_room(preset="private_chat")
    host.invite(room, guest)
    sync = guest.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("invite", {}), seconds=SECONDS)
    guest.leave(room)
    eventually(lambda: host.membership(room, guest) == "leave")
    guest.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("leave", {}), since=sync["next_batch"])


def test_who_was_not_invited_cannot_join(host, guest):
    room = host.create_room(preset="private_chat")
    answer = guest.post(f"/join/{q(room)}", query={"server_name": host.server_name})
    assert answer.status in (403, 404), answer
    assert host.membership(room, guest) is None


def shared_room(host, guest, **options):
    room = host.create_room(preset="public_chat", **options)
    guest.join(room, via=[host.server_name])
    guest.sync_until(lambda sync: joined(sync, room))
    eventually(lambda: host.membership(room, guest) == "join")
    return room


def test_joining_by_alias(host, guest):
    alias = f"shared-{host.localpart}"
    room = host.create_room(preset="public_chat", room_alias_name=alias)
    full = f"#{alias}:{host.server_name}"
    assert guest.get(f"/directory/room/{q(full)}").ok()["room_id"] == room
    assert guest.post(f"/join/{q(full)}").ok()["room_id"] == room


def test_typing_crosses(host, guest):
    room = shared_room(host, guest)
    for user, other in ((host, guest), (guest, host)):
        since = other.sync()["next_batch"]
        user.put(f"/rooms/{q(room)}/typing/{q(user.user_id)}", {"typing": True, "timeout": 20_000}).ok()
        other.sync_until(
            lambda sync, user=user: any(user.user_id in c["user_ids"] for c in ephemeral(sync, room, "m.typing")),
            since=since,
            seconds=SECONDS,
        )
        user.put(f"/rooms/{q(room)}/typing/{q(user.user_id)}", {"typing": False}).ok()


def test_receipts_cross(host, guest):
    room = shared_room(host, guest)
    event = host.send(room, "read me")
    eventually(lambda: guest.get(f"/rooms/{q(room)}/event/{q(event)}").status == 200)
    since = host.sync()["next_batch"]
    guest.post(f"/rooms/{q(room)}/receipt/m.read/{q(event)}").ok()
    host.sync_until(
        lambda sync: any(
            guest.user_id in content.get(event, {}).get("m.read", {}) for content in ephemeral(sync, room, "m.receipt")
        ),
        since=since,
        seconds=SECONDS,
    )


def test_private_receipts_do_not_cross(host, guest):
    room = shared_room(host, guest)
    event = host.send(room, "read me quietly")
    eventually(lambda: guest.get(f"/rooms/{q(room)}/event/{q(event)}").status == 200)
    since = host.sync()["next_batch"]
    guest.post(f"/rooms/{q(room)}/receipt/m.read.private/{q(event)}").ok()
    later = guest.send(room, "later")
    sync = host.sync_until(lambda sync: later in json.dumps(sync.json), since=since, seconds=SECONDS)
    assert "m.read.private" not in json.dumps(sync.json)


@pytest.mark.parametrize("version", VERSIONS)
def test_redactions_cross(host, guest, version):
    room = shared_room(host, guest, room_version=version)
    event = guest.send(room, "regrettable")
    eventually(lambda: host.get(f"/rooms/{q(room)}/event/{q(event)}").status == 200)
    host.redact(room, event, reason="moderated")
    eventually(lambda: guest.get(f"/rooms/{q(room)}/event/{q(event)}").ok()["content"] == {})


def test_state_changes_kicks_and_bans_cross(host, guest):
    room = shared_room(host, guest)
    host.set_state(room, "m.room.topic", {"topic": "across"}).ok()
    eventually(lambda: guest.get_state(room, "m.room.topic").get("topic") == "across")
    host.post(f"/rooms/{q(room)}/kick", {"user_id": guest.user_id}).ok()
    eventually(lambda: guest.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "no"}).status == 403)
    guest.join(room, via=[host.server_name])
    host.post(f"/rooms/{q(room)}/ban", {"user_id": guest.user_id}).ok()
    eventually(lambda: guest.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "no"}).status == 403)
    answer = guest.post(f"/join/{q(room)}", query={"server_name": host.server_name})
    assert answer.status == 403, answer


def test_leaving_crosses_and_joining_again(host, guest):
    room = shared_room(host, guest)
    guest.leave(room)
    eventually(lambda: host.membership(room, guest) == "leave")
    host.send(room, "while you were away")
    guest.join(room, via=[host.server_name])
    eventually(lambda: host.membership(room, guest) == "join")
    eventually(lambda: "while you were away" in bodies(guest.messages(room, limit=50).ok()["chunk"]))


def test_a_server_that_was_away_catches_up(servers):
    """What was sent to a server while it was down reaches it when it is back and heard of."""
    tested, peer = servers["tested"], servers["peer"]
    host, guest = register(tested.front_url, "host"), register(peer.base_urls, "guest")
    room = shared_room(host, guest)
    peer.main.stop()
    sent = [f"unheard {n}" for n in range(5)]
    for text in sent:
        host.send(room, text)
    peer.main.start()
    peer.main.wait_until(lambda: answers(f"{peer.base_urls[0]}/health"), seconds=60)
    guest.send(room, "I am back")

    def heard():
        texts = bodies(guest.messages(room, limit=50).ok()["chunk"])
        return [text for text in reversed(texts) if text.startswith("unheard")]

    eventually(lambda: len(heard()) >= len(sent), seconds=60)
    assert heard() == sent
    eventually(lambda: "I am back" in bodies(host.messages(room, limit=50).ok()["chunk"]))


def test_the_profile_is_asked_for(host, guest):
    host.put(f"/profile/{q(host.user_id)}/displayname", {"displayname": "From far away"}).ok()
    assert guest.get(f"/profile/{q(host.user_id)}").ok()["displayname"] == "From far away"


def test_a_join_authorised_by_the_other_server(host, guest):
    """A restricted room: the host's server signs that the guest may come in."""
    club = shared_room(host, guest)
    allow = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}
    room = host.create_room(initial_state=[{"type": "m.room.join_rules", "content": allow}])
    guest.join(room, via=[host.server_name])
    eventually(lambda: host.membership(room, guest) == "join")
