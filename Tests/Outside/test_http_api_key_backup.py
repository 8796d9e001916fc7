"""What a user's keys are kept in while no device has them: a backup of room keys, and a device that sleeps."""

import concurrent.futures
import json
import secrets

import pytest
import vodozemac

from outside.client import Client, User, eventually, q
from outside.keys import CrossSigning, Device, claim_one, query, send_to_device

BACKUP = pytest.mark.rests_on("POST /_matrix/client/v3/room_keys/version")
KEYS = pytest.mark.rests_on("POST /_matrix/client/v3/keys/upload")
SLEEPING = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"
SLEEPING_MESSAGES = 30
ROOM, OTHER_ROOM = "!kitchen:example.org", "!cellar:example.org"


def auth_data():
    return {"public_key": vodozemac.PkDecryption().public_key.to_base64(), "signatures": {}}


def new_backup(user):
    body = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": auth_data()}
    return user.post("/room_keys/version", body).ok()["version"]


def session(first=0, forwarded=0, verified=False):
    data = {"ciphertext": secrets.token_hex(32), "mac": secrets.token_hex(4), "ephemeral": secrets.token_hex(16)}
    return {"first_message_index": first, "forwarded_count": forwarded, "is_verified": verified, "session_data": data}


def put(user, version, sessions):
    """`sessions` is `{room: {session id: key}}`."""
    rooms = {room: {"sessions": keys} for room, keys in sessions.items()}
    return user.put("/room_keys/keys", {"rooms": rooms}, query={"version": version})


def path(room, name):
    return f"/room_keys/keys/{q(room)}/{q(name)}"


@BACKUP
def test_keys_come_back_as_they_were_put(alice):
    version = new_backup(alice)
    sessions = {ROOM: {f"s/{n}": session() for n in range(3)}, OTHER_ROOM: {"one": session()}}
    answer = put(alice, version, sessions).ok()
    assert answer["count"] == 4
    found = alice.get("/room_keys/keys", query={"version": version}).ok()["rooms"]
    assert {room: part["sessions"] for room, part in found.items()} == sessions
    of_room = alice.get(f"/room_keys/keys/{q(ROOM)}", query={"version": version}).ok()["sessions"]
    assert of_room == sessions[ROOM]
    assert alice.get(path(ROOM, "s/1"), query={"version": version}).ok().json == sessions[ROOM]["s/1"]
    state = alice.get("/room_keys/version").ok()
    assert (state["version"], state["count"], state["etag"]) == (version, 4, answer["etag"])


@BACKUP
@pytest.mark.spec_only("Synapse lets one count outweigh another that comes before it")
def test_a_better_key_replaces_a_worse_one_and_never_the_other_way(alice):
    version = new_backup(alice)
    # Verified before unverified, then the lower index, then the fewer forwards.
    ladder = [
        session(5, 2),
        session(5, 1),
        session(3, 3),
        session(9, 9, True),
        session(2, 9, True),
        session(2, 0, True),
    ]
    for worse, better in zip(ladder, ladder[1:], strict=False):
        put(alice, version, {ROOM: {"one": worse}}).ok()
        before = alice.get("/room_keys/version").ok()["etag"]
        assert put(alice, version, {ROOM: {"one": better}}).ok()["etag"] != before
        after = put(alice, version, {ROOM: {"one": worse}}).ok()
        assert after["count"] == 1
        assert alice.get(path(ROOM, "one"), query={"version": version}).ok().json == better


@BACKUP
def test_only_the_newest_version_takes_keys(alice):
    old, new = new_backup(alice), new_backup(alice)
    put(alice, old, {ROOM: {"one": session()}}).refused(403, "M_WRONG_ROOM_KEYS_VERSION")
    assert alice.get("/room_keys/version").ok()["version"] == new
    assert alice.get("/room_keys/version").ok()["count"] == 0
    put(alice, "unknown", {ROOM: {"one": session()}}).refused(404, "M_NOT_FOUND")


@BACKUP
@pytest.mark.spec_only("Synapse names the version that was asked for")
def test_who_puts_keys_into_an_old_version_is_told_the_new_one(alice):
    old, new = new_backup(alice), new_backup(alice)
    assert put(alice, old, {ROOM: {"one": session()}})["current_version"] == new


@BACKUP
def test_keys_and_versions_are_deleted(alice):
    version = new_backup(alice)
    put(alice, version, {ROOM: {"a": session(), "b": session()}, OTHER_ROOM: {"c": session()}}).ok()
    assert alice.delete(path(ROOM, "a"), query={"version": version}).ok()["count"] == 2
    alice.get(path(ROOM, "a"), query={"version": version}).refused(404, "M_NOT_FOUND")
    assert alice.delete(f"/room_keys/keys/{q(OTHER_ROOM)}", query={"version": version}).ok()["count"] == 1
    assert alice.delete("/room_keys/keys", query={"version": version}).ok()["count"] == 0
    alice.delete(f"/room_keys/version/{version}").ok()
    alice.get("/room_keys/version").refused(404, "M_NOT_FOUND")
    assert new_backup(alice) != version


@BACKUP
def test_nobody_else_sees_a_backup(alice, bob):
    version = new_backup(alice)
    put(alice, version, {ROOM: {"one": session()}}).ok()
    bob.get("/room_keys/version").refused(404, "M_NOT_FOUND")
    bob.get("/room_keys/keys", query={"version": version}).refused(404, "M_NOT_FOUND")


@BACKUP
def test_phones_back_up_side_by_side(new_user, homeserver):
    """Through every way into the server at once: each key is there, and the count is right."""
    alice = new_user("alice")
    version = new_backup(alice)
    ways = [alice.by(url) for url in (homeserver.front_url, *homeserver.base_urls)]
    eventually(lambda: all(way.get("/room_keys/version").status == 200 for way in ways))

    def upload(number):
        return put(ways[number % len(ways)], version, {ROOM: {f"{number}-{n}": session() for n in range(5)}}).ok()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(upload, range(30)))
    assert alice.get("/room_keys/version").ok()["count"] == 150
    assert len(alice.get(f"/room_keys/keys/{q(ROOM)}", query={"version": version}).ok()["sessions"]) == 150


# -- a device that sleeps


def fall_asleep(user, name):
    """Puts a device to sleep, whose pickle only the user can open. Returns the device as others see it, and the key."""
    answer = {"access_token": user.token, "user_id": user.user_id, "device_id": name}
    device = Device(User(user.base_urls, answer, user.password))
    keys, one_time_keys, fallback = device.keys(), device.one_time_keys(2), device.fallback_key()
    key = secrets.token_bytes(32)
    data = {"algorithm": "a.test.pickle", "device_pickle": device.identity.account.pickle(key)}
    body = {
        "device_id": name,
        "device_data": data,
        "initial_device_display_name": "Asleep",
        "device_keys": keys,
        "one_time_keys": one_time_keys,
        "fallback_keys": fallback,
    }
    assert user.put(SLEEPING, body).ok()["device_id"] == name
    return device, key


def tell(sender, device, number):
    """Sends a device what only it can read, with a session that begins with one of its keys."""
    account = vodozemac.Account()
    claimed = claim_one(sender, device)
    public = vodozemac.Curve25519PublicKey.from_base64(device.check_claimed(claimed))
    theirs = query(sender, device.user)["device_keys"][device.user.user_id][device.user.device_id]
    identity = vodozemac.Curve25519PublicKey.from_base64(theirs["keys"][f"curve25519:{device.user.device_id}"])
    text = account.create_outbound_session(identity, public).encrypt(json.dumps({"number": number}).encode())
    kind, body = text.to_parts()
    assert kind == 0
    content = {"sender_key": account.curve25519_key.to_base64(), "body": body.hex()}
    send_to_device(sender, "m.room.encrypted", {device.user.user_id: {device.user.device_id: content}}).ok()


def wake_up(user, key):
    """What the sleeping device was told, read by the one that it became."""
    found = user.get(SLEEPING).ok()
    account = vodozemac.Account.from_pickle(found["device_data"]["device_pickle"], key)
    numbers, token = [], None
    while True:
        body = {"next_batch": token} if token else {}
        page = user.post(f"{SLEEPING}/{found['device_id']}/events", body).ok()
        for event in page["events"]:
            sender = vodozemac.Curve25519PublicKey.from_base64(event["content"]["sender_key"])
            message = vodozemac.AnyOlmMessage.pre_key(bytes.fromhex(event["content"]["body"])).to_pre_key()
            _, text = account.create_inbound_session(sender, message)
            numbers.append(json.loads(text)["number"])
        if not page["events"]:
            return numbers
        token = page["next_batch"]


@KEYS
def test_a_sleeping_device_is_told_things_and_wakes_up(alice, bob):
    CrossSigning(bob).publish()
    device, key = fall_asleep(bob, "ASLEEP")
    for number in range(SLEEPING_MESSAGES):
        tell(alice, device, number)
    later = Client(bob.base_urls).post(
        "/login",
        {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": bob.user_id},
            "password": bob.password,
        },
    )
    phone = User(bob.base_urls, later.ok(), bob.password)
    # As often as it takes: nothing goes before the device is replaced.
    for _ in range(2):
        assert wake_up(phone, key) == list(range(SLEEPING_MESSAGES))


@KEYS
def test_one_device_sleeps_at_a_time(alice, bob):
    fall_asleep(bob, "FIRST")
    second, _ = fall_asleep(bob, "SECOND")
    assert bob.get(SLEEPING).ok()["device_id"] == "SECOND"
    eventually(lambda: set(query(alice, bob)["device_keys"][bob.user_id]) == {"SECOND"})
    bob.post(f"{SLEEPING}/FIRST/events", {}).refused(403, "M_FORBIDDEN")
    assert bob.delete(SLEEPING).ok()["device_id"] == "SECOND"
    bob.get(SLEEPING).refused(404, "M_NOT_FOUND")
    eventually(lambda: query(alice, bob)["device_keys"].get(bob.user_id, {}) == {})
    assert claim_one(alice, second) == {}
