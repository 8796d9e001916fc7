"""Keys and messages of devices between two homeservers: what each learns of the other's devices, and stays true.

As in `test_federation.py` the peer is a Synapse or another homeserver of the same kind, and both directions are tried.
"""

import pytest

from outside.client import Client, User, eventually, joined
from outside.keys import CrossSigning, Device, changed, check, claim, claim_one, left, query, send_to_device, to_device
from outside.processes import answers

pytestmark = [
    pytest.mark.rests_on("PUT /_matrix/federation/v1/send/{txnId}"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/upload"),
    pytest.mark.rests_on("POST /_matrix/federation/v1/user/keys/query"),
    pytest.mark.rests_on("POST /_matrix/federation/v1/user/keys/claim"),
    pytest.mark.rests_on("GET /_matrix/federation/v1/user/devices/{userId}"),
    pytest.mark.rests_on("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"),
]

SECONDS = 30
MESSAGES = 60


def log_in(user):
    identifier = {"type": "m.id.user", "user": user.user_id}
    body = {"type": "m.login.password", "identifier": identifier, "password": user.password}
    return User(user.base_urls, Client(user.base_urls).post("/login", body).ok(), user.password)


@pytest.fixture
def room(host, guest):
    """An encrypted room that both are in, and of which both know."""
    encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    made = host.create_room(preset="public_chat", initial_state=[encryption])
    guest.join(made, via=[host.server_name])
    guest.sync_until(lambda sync: joined(sync, made))
    eventually(lambda: host.membership(made, guest) == "join")
    return made


def hears_of(user, other, since, found=changed):
    """Syncs until the other's devices are said to have changed. A token behind that."""
    sync = user.sync_until(lambda sync: other.user_id in found(sync), since=since, seconds=SECONDS)
    return sync["next_batch"]


def devices(asker, user):
    return query(asker, user)["device_keys"].get(user.user_id, {})


def test_keys_are_asked_for(host, guest):
    device, keys = Device(host).publish(), CrossSigning(host).publish()
    answer = query(guest, host)
    assert answer["failures"] == {}
    device.check(answer["device_keys"][host.user_id][host.device_id])
    for name in ("master", "self_signing"):
        assert list(answer[f"{name}_keys"][host.user_id]["keys"].values()) == [keys.public(name)]
    assert host.user_id not in answer.get("user_signing_keys", {})


def test_keys_are_claimed_once_and_then_the_fallback_key(host, guest):
    device = Device(host).publish(one_time_keys=3, fallback=True)
    given = [device.check_claimed(claim_one(guest, device)) for _ in range(5)]
    assert len(set(given[:4])) == 4 and given[3] == given[4]
    assert device.made[given[4]][1].get("fallback")
    eventually(lambda: host.sync().get("device_unused_fallback_key_types") == [])


def test_a_server_that_is_not_there_is_named_and_spoils_nothing(host, guest):
    device = Device(guest).publish(one_time_keys=1)
    nowhere = User("http://127.0.0.1:1", {"access_token": "", "user_id": "@a:localhost:1", "device_id": "D"}, "")
    answer = claim(host, guest, nowhere)
    device.check_claimed(answer["one_time_keys"][guest.user_id][guest.device_id])
    assert list(answer["failures"]) == ["localhost:1"]
    assert list(query(host, guest, nowhere)["failures"]) == ["localhost:1"]


def test_messages_come_in_order_and_once(servers, direction, host, guest, room):
    assert room
    for sender, reader, server in ((host, guest, direction[1]), (guest, host, direction[0])):
        since = reader.sync()["next_batch"]
        for number in range(MESSAGES):
            body = {reader.user_id: {reader.device_id if number % 2 else "*": {"number": number}}}
            send_to_device(sender, "a.test", body).ok()
        found = []
        while len(found) < MESSAGES:
            sync = reader.sync_until(to_device, since=since, seconds=SECONDS)
            found += [message["content"]["number"] for message in to_device(sync)]
            since = sync["next_batch"]
        # Synapse takes in what comes at once in any order.
        assert (sorted(found) if servers[server].kind == "synapse" else found) == list(range(MESSAGES))
        assert to_device(reader.sync(since=since, timeout=1000)) == []


def test_a_new_device_becomes_known_and_one_that_is_gone_is_forgotten(host, guest, room):
    assert room
    for user, other in ((host, guest), (guest, host)):
        since = user.sync()["next_batch"]
        first = Device(other).publish()
        since = hears_of(user, other, since)
        eventually(lambda user=user, other=other: set(devices(user, other)) == {other.device_id})
        second = Device(log_in(other)).publish()
        since = hears_of(user, other, since)
        both = {other.device_id, second.user.device_id}
        eventually(lambda user=user, other=other, both=both: set(devices(user, other)) == both)
        for device in (first, second):
            device.check(devices(user, other)[device.user.device_id])
        second.user.post("/logout").ok()
        hears_of(user, other, since)
        eventually(lambda user=user, other=other: set(devices(user, other)) == {other.device_id})


def test_an_identity_and_its_signatures_become_known(host, guest, room):
    assert room
    for user, other in ((host, guest), (guest, host)):
        device = Device(other).publish()
        eventually(lambda user=user, other=other: devices(user, other))
        since = user.sync()["next_batch"]
        keys = CrossSigning(other).publish()
        since = hears_of(user, other, since)

        def told(user=user, other=other, keys=keys):
            masters = query(user, other)["master_keys"]
            return other.user_id in masters and keys.public("master") in masters[other.user_id]["keys"].values()

        eventually(told)
        keys.upload_signatures({other.user_id: {other.device_id: keys.vouch_for(device)}}).ok()
        hears_of(user, other, since)
        name = f"ed25519:{keys.public('self_signing')}"
        eventually(
            lambda user=user, other=other, name=name: (
                name in devices(user, other)[other.device_id]["signatures"][other.user_id]
            )
        )
        check(devices(user, other)[other.device_id], other.user_id, *[keys.public("self_signing")] * 2)


def test_who_shares_no_room_any_more_is_left(servers, direction, host, guest, room):
    tokens = {user: user.sync()["next_batch"] for user in (host, guest)}
    guest.leave(room)
    hears_of(host, guest, tokens[host], found=left)
    # Synapse has forgotten by then who was in a room of another server that its last user left.
    if servers[direction[1]].kind != "synapse":
        hears_of(guest, host, tokens[guest], found=left)


# The peer is one process that stops as a whole; the tested server's workers die in `test_encryption_failures.py`.
@pytest.mark.parametrize("direction", [("tested", "peer")], ids=["room of the tested server"])
def test_what_changed_while_a_server_was_away_becomes_known(servers, direction, host, guest, room):
    """The guest's server stops; meanwhile the host gets a device and sends messages."""
    server = servers[direction[1]]
    Device(guest).publish()
    since = guest.sync()["next_batch"]
    server.main.stop()
    device = Device(host).publish()
    for number in range(5):
        send_to_device(host, "a.test", {guest.user_id: {guest.device_id: {"number": number}}}).ok()
    server.main.start()
    server.main.wait_until(lambda: answers(f"{server.base_urls[0]}/health"), seconds=60)
    guest.send(room, "I am back")
    found = []

    def came():
        nonlocal since
        sync = guest.sync(since=since, timeout=500)
        since = sync["next_batch"]
        found.extend(message["content"]["number"] for message in to_device(sync))
        return len(found) >= 5

    eventually(came, seconds=60)
    assert (sorted(found) if server.kind == "synapse" else found) == list(range(5))
    eventually(lambda: set(devices(guest, host)) == {host.device_id}, seconds=60)
    device.check(devices(guest, host)[host.device_id])
