"""Keys of devices, one-time keys, cross-signing, device lists and what devices send each other, by every worker."""

import collections
import concurrent.futures
import itertools
import secrets
import time

import pytest

from outside.client import Client, User, eventually, q, timeline
from outside.keys import (
    KEY,
    CrossSigning,
    Device,
    changed,
    check,
    claim,
    claim_one,
    left,
    public_parts,
    query,
    send_to_device,
)
from outside.keys import to_device as messages_of

UPLOAD = pytest.mark.rests_on("POST /_matrix/client/v3/keys/upload")
QUERY = pytest.mark.rests_on("POST /_matrix/client/v3/keys/query")
CLAIM = pytest.mark.rests_on("POST /_matrix/client/v3/keys/claim")
CHANGES = pytest.mark.rests_on("GET /_matrix/client/v3/keys/changes")
CROSS_SIGNING = pytest.mark.rests_on("POST /_matrix/client/v3/keys/device_signing/upload")
SIGNATURES = pytest.mark.rests_on("POST /_matrix/client/v3/keys/signatures/upload")
TO_DEVICE = pytest.mark.rests_on("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}")

SECONDS = 15
ENCRYPTED = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
# More than any server gives at once.
LARGE_INBOX = 250
SCARCE_KEYS = 24
GREEDY_CLAIMS = 60


def log_in(user, way=None):
    """The same user on another device."""
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user.user_id},
        "password": user.password,
    }
    answer = Client(user.base_urls, way=way).post("/login", body).ok()
    return User(user.base_urls, answer, user.password, way=way)


def counts(user):
    return user.sync().get("device_one_time_keys_count", {}).get(KEY, 0)


def unused_fallback_types(user):
    return user.sync().get("device_unused_fallback_key_types")


def share_a_room(host, *guests):
    room = host.create_room(preset="public_chat", initial_state=[ENCRYPTED])
    for guest in guests:
        guest.join(room)
    for user in (host, *guests):
        for guest in guests:
            user.settle(room, lambda event, guest=guest: event.get("state_key") == guest.user_id)
    return room


# -- what a device says about itself


@UPLOAD
@QUERY
def test_what_a_device_says_is_handed_on_as_it_was_signed(alice, bob):
    device = Device(bob).publish()
    found = query(alice, bob)["device_keys"][bob.user_id]
    assert set(found) == {bob.device_id}
    device.check(found[bob.device_id])


@UPLOAD
@QUERY
def test_the_name_of_a_device_is_told_beside_its_keys(alice, bob):
    Device(bob).publish()
    bob.put(f"/devices/{q(bob.device_id)}", {"display_name": "Kitchen radio"}).ok()

    def told():
        keys = query(alice, bob)["device_keys"][bob.user_id][bob.device_id]
        return keys.get("unsigned", {}).get("device_display_name") == "Kitchen radio"

    eventually(told)


@UPLOAD
@QUERY
def test_a_query_of_some_devices_tells_only_of_these(alice, bob):
    second = log_in(bob)
    devices = [Device(bob).publish(), Device(second).publish()]
    assert set(query(alice, bob)["device_keys"][bob.user_id]) == {bob.device_id, second.device_id}
    answer = alice.post("/keys/query", {"device_keys": {bob.user_id: [second.device_id, "UNKNOWN"]}}).ok()
    assert set(answer["device_keys"][bob.user_id]) == {second.device_id}
    devices[1].check(answer["device_keys"][bob.user_id][second.device_id])


@UPLOAD
@QUERY
def test_unknown_users_and_servers_spoil_nothing(alice, bob):
    device = Device(bob).publish()
    body = {"device_keys": {bob.user_id: [], f"@nobody:{bob.server_name}": [], "@a:127.0.0.1:1": []}, "timeout": 3000}
    answer = alice.post("/keys/query", body).ok()
    device.check(answer["device_keys"][bob.user_id][bob.device_id])
    assert list(answer["failures"]) == ["127.0.0.1:1"]


@UPLOAD
@QUERY
def test_a_device_that_logged_out_has_no_keys(alice, bob):
    second = log_in(bob)
    Device(bob).publish()
    Device(second).publish(one_time_keys=1, fallback=True)
    second.post("/logout").ok()
    eventually(lambda: set(query(alice, bob)["device_keys"][bob.user_id]) == {bob.device_id})
    assert claim(alice, second)["one_time_keys"].get(bob.user_id, {}) == {}


@UPLOAD
def test_keys_of_another_device_are_not_taken(alice, bob):
    second = Device(log_in(bob))
    for stranger in (second, Device(alice)):
        keys = stranger.keys()
        bob.post("/keys/upload", {"device_keys": keys}).refused(400, "M_INVALID_PARAM", "M_BAD_JSON", "M_UNKNOWN")


@UPLOAD
@pytest.mark.spec_only("Synapse takes keys without looking at their signature")
def test_keys_that_are_not_signed_by_the_device_are_not_taken(bob):
    device, other = Device(bob), Device(bob)
    forged = device.keys() | {"signatures": other.keys()["signatures"]}
    bob.post("/keys/upload", {"device_keys": forged}).refused(400, "M_INVALID_PARAM", "M_INVALID_SIGNATURE")


# -- one-time keys


@UPLOAD
@CLAIM
def test_one_time_keys_are_given_once_the_oldest_first(alice, bob, carol):
    device = Device(bob)
    first = device.one_time_keys(3)
    assert device.upload(device_keys=device.keys(), one_time_keys=first).ok()["one_time_key_counts"][KEY] == 3
    second = device.one_time_keys(3)
    assert device.upload(one_time_keys=second).ok()["one_time_key_counts"][KEY] == 6
    askers = itertools.cycle((alice, carol))
    given = [device.check_claimed(claim_one(next(askers), device)) for _ in range(6)]
    assert len(set(given)) == 6
    assert set(given[:3]) == public_parts(first)
    eventually(lambda: counts(bob) == 0)
    assert claim_one(alice, device) == {}


@UPLOAD
def test_the_number_of_keys_is_told_by_sync(bob):
    device = Device(bob).publish(one_time_keys=5)
    eventually(lambda: counts(bob) == 5)
    assert device.upload().ok()["one_time_key_counts"][KEY] == 5


@UPLOAD
@CLAIM
def test_a_claim_wakes_the_owner(alice, bob):
    device = Device(bob).publish(one_time_keys=2)
    eventually(lambda: counts(bob) == 2)
    since = bob.sync()["next_batch"]
    claim_one(alice, device)
    sync = bob.sync_until(lambda sync: sync.get("device_one_time_keys_count", {}).get(KEY) == 1, since=since)
    assert sync["device_one_time_keys_count"][KEY] == 1


@UPLOAD
def test_another_key_under_the_same_name_is_refused(bob):
    device = Device(bob).publish()
    ((name, key),) = device.one_time_keys(1).items()
    device.upload(one_time_keys={name: key}).ok()
    assert device.upload(one_time_keys={name: key}).ok()["one_time_key_counts"][KEY] == 1, "the same again is no error"
    (other,) = device.one_time_keys(1).values()
    answer = device.upload(one_time_keys={name: other})
    assert answer.status == 400 and answer.errcode in ("M_UNKNOWN", "M_INVALID_PARAM"), answer
    assert device.upload().ok()["one_time_key_counts"][KEY] == 1


@UPLOAD
@CLAIM
def test_the_fallback_key_is_given_when_the_others_are_gone_and_is_then_used(alice, bob, carol):
    device = Device(bob).publish(one_time_keys=1)
    new = device.fallback_key()
    fallback = public_parts(new)
    device.upload(fallback_keys=new).ok()
    eventually(lambda: unused_fallback_types(bob) == [KEY])
    assert device.check_claimed(claim_one(alice, device)) not in fallback
    assert unused_fallback_types(bob) == [KEY]
    for asker in (carol, alice, carol):
        assert device.check_claimed(claim_one(asker, device)) in fallback
    eventually(lambda: unused_fallback_types(bob) == [])
    # A new one takes its place.
    newer = device.fallback_key()
    device.upload(fallback_keys=newer).ok()
    eventually(lambda: unused_fallback_types(bob) == [KEY])
    assert device.check_claimed(claim_one(alice, device)) in public_parts(newer)


@UPLOAD
@CLAIM
def test_no_key_is_given_twice_however_many_ask_at_once(new_user):
    """Everybody asks at the same moment, through every worker, for more keys than there are."""
    owner = new_user("owner")
    device = Device(owner).publish(one_time_keys=SCARCE_KEYS, fallback=True)
    fallback = {public for public, (_, key) in device.made.items() if key.get("fallback")}
    askers = [new_user("asker") for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(len(askers)) as pool:
        shares = pool.map(lambda asker: [claim_one(asker, device) for _ in range(GREEDY_CLAIMS // 6)], askers)
    given = collections.Counter(device.check_claimed(claimed) for share in shares for claimed in share)
    doubled = [key for key, count in given.items() if count > 1 and key not in fallback]
    assert not doubled, f"given more than once: {doubled}"
    assert set(given) == set(device.made), "each key is given before the fallback key is"
    assert sum(given[key] for key in fallback) == GREEDY_CLAIMS - SCARCE_KEYS
    eventually(lambda: unused_fallback_types(owner) == [] and counts(owner) == 0)


@UPLOAD
@CLAIM
def test_keys_of_many_devices_are_claimed_at_once(alice, bob, carol):
    second = log_in(bob)
    devices = [Device(user).publish(one_time_keys=1) for user in (bob, second, carol)]
    answer = claim(alice, bob, second, carol)
    for device in devices:
        device.check_claimed(answer["one_time_keys"][device.user.user_id][device.user.device_id])
    assert answer["failures"] == {}


# -- cross-signing


@CROSS_SIGNING
@QUERY
def test_cross_signing_keys_are_told_to_whom_they_concern(alice, bob):
    keys = CrossSigning(bob).publish()
    for asker in (alice, bob):
        answer = query(asker, bob)
        for name in ("master", "self_signing"):
            found = answer[f"{name}_keys"][bob.user_id]
            assert list(found["keys"].values()) == [keys.public(name)] and found["usage"] == [name]
        check(answer["self_signing_keys"][bob.user_id], bob.user_id, keys.public("master"), keys.public("master"))
        # Whom one vouches for is one's own affair.
        assert (bob.user_id in answer.get("user_signing_keys", {})) == (asker is bob)


@CROSS_SIGNING
def test_other_cross_signing_keys_need_the_password(bob):
    first = CrossSigning(bob).publish()
    first.upload().ok()
    second = CrossSigning(bob)
    answer = second.upload()
    assert answer.status == 401 and answer.json["flows"], answer
    second.publish()


@CROSS_SIGNING
def test_a_self_signing_key_that_the_master_key_did_not_sign_is_refused(bob):
    keys, other = CrossSigning(bob), CrossSigning(bob)
    answer = keys.upload(self_signing_key=other.key("self_signing"))
    answer.refused(400, "M_INVALID_SIGNATURE", "M_INVALID_PARAM", "M_UNKNOWN")


@UPLOAD
@QUERY
@CROSS_SIGNING
@SIGNATURES
def test_a_signature_is_seen_by_others(alice, bob):
    device, keys = Device(bob).publish(), CrossSigning(bob).publish()
    answer = keys.upload_signatures({bob.user_id: {bob.device_id: keys.vouch_for(device)}}).ok()
    assert answer["failures"] == {}
    found = query(alice, bob)["device_keys"][bob.user_id][bob.device_id]
    device.check(found)
    check(found, bob.user_id, keys.public("self_signing"), keys.public("self_signing"))


@QUERY
@CROSS_SIGNING
@SIGNATURES
def test_who_vouches_for_another_user_sees_it_and_nobody_else_does(alice, bob, carol):
    hers, his = CrossSigning(alice).publish(), CrossSigning(bob).publish()
    signed = hers.secrets["user_signing"].sign(his.key("master"), alice.user_id, hers.public("user_signing"))
    answer = hers.upload_signatures({bob.user_id: {his.public("master"): signed}}).ok()
    assert answer["failures"] == {}
    master = query(alice, bob)["master_keys"][bob.user_id]
    check(master, alice.user_id, hers.public("user_signing"), hers.public("user_signing"))
    for other in (bob, carol):
        assert alice.user_id not in query(other, bob)["master_keys"][bob.user_id].get("signatures", {})


@UPLOAD
@QUERY
@CROSS_SIGNING
@SIGNATURES
def test_a_forged_signature_is_not_stored(alice, bob):
    device, keys = Device(bob).publish(), CrossSigning(bob).publish()
    forged = CrossSigning(bob).secrets["self_signing"].sign(device.keys(), bob.user_id, keys.public("self_signing"))
    answer = keys.upload_signatures({bob.user_id: {bob.device_id: forged}}).ok()
    assert answer["failures"][bob.user_id][bob.device_id]["errcode"] in ("M_INVALID_SIGNATURE", "M_INVALID_PARAM")
    found = query(alice, bob)["device_keys"][bob.user_id][bob.device_id]
    assert list(found["signatures"][bob.user_id]) == [f"ed25519:{bob.device_id}"]


# -- what devices send each other


def numbered(number):
    return {"number": number, "text": secrets.token_hex(8)}


def read_all(user, since, wanted, seconds=SECONDS):
    """Messages to the user's device, once as many as wanted are there, and a little longer; and a token behind them."""
    found, deadline, linger = [], time.monotonic() + seconds, None
    while time.monotonic() < (linger or deadline):
        sync = user.sync(since=since, timeout=300)
        found += messages_of(sync)
        since = sync["next_batch"]
        if len(found) >= wanted and linger is None:
            linger = time.monotonic() + 0.8
    return found, since


@TO_DEVICE
def test_messages_come_in_order_and_once(alice, bob):
    since = bob.sync()["next_batch"]
    sent = [numbered(number) for number in range(20)]
    for content in sent:
        send_to_device(alice, "a.test", {bob.user_id: {bob.device_id: content}}).ok()
    found, _ = read_all(bob, since, len(sent))
    assert [message["content"] for message in found] == sent
    assert {(message["type"], message["sender"]) for message in found} == {("a.test", alice.user_id)}


@TO_DEVICE
def test_a_message_stays_until_its_answer_was_received(alice, bob):
    since = bob.sync()["next_batch"]
    content = numbered(0)
    send_to_device(alice, "a.test", {bob.user_id: {bob.device_id: content}}).ok()
    first = bob.sync_until(messages_of, since=since)
    # The answer was lost: the same again, from any worker.
    for _ in range(2):
        again = bob.sync(since=since)
        assert [message["content"] for message in messages_of(again)] == [content]
    assert messages_of(bob.sync(since=first["next_batch"])) == []
    # Now that it was received it is gone for good.
    assert messages_of(bob.sync(since=since)) == []
    assert messages_of(bob.sync()) == []


@TO_DEVICE
def test_the_same_transaction_sends_once(alice, bob):
    since = bob.sync()["next_batch"]
    body = {bob.user_id: {bob.device_id: numbered(0)}}
    for _ in range(3):
        send_to_device(alice, "a.test", body, transaction="once").ok()
    send_to_device(alice, "a.test", body, transaction="twice").ok()
    found, _ = read_all(bob, since, 2)
    assert len(found) == 2


@TO_DEVICE
def test_a_star_means_all_devices_and_others_get_nothing(alice, bob, carol):
    second = log_in(bob)
    tokens = {user: user.sync()["next_batch"] for user in (bob, second, carol)}
    content = numbered(0)
    send_to_device(alice, "a.test", {bob.user_id: {"*": content}}).ok()
    for user in (bob, second):
        found, _ = read_all(user, tokens[user], 1)
        assert [message["content"] for message in found] == [content]
    assert messages_of(carol.sync(since=tokens[carol])) == []


@TO_DEVICE
def test_unknown_devices_and_users_spoil_nothing(alice, bob):
    since = bob.sync()["next_batch"]
    content = numbered(0)
    body = {
        bob.user_id: {"UNKNOWN": numbered(1), bob.device_id: content},
        f"@nobody:{bob.server_name}": {"*": numbered(2)},
    }
    send_to_device(alice, "a.test", body).ok()
    found, _ = read_all(bob, since, 1)
    assert [message["content"] for message in found] == [content]


@TO_DEVICE
def test_a_large_inbox_comes_in_pages_in_order(alice, bob):
    since = bob.sync()["next_batch"]
    for number in range(LARGE_INBOX):
        send_to_device(alice, "a.test", {bob.user_id: {bob.device_id: {"number": number}}}).ok()
    found, largest = [], 0
    while len(found) < LARGE_INBOX:
        page = bob.sync(since=since)
        assert messages_of(page), f"a page is empty after {len(found)} messages"
        found += [message["content"]["number"] for message in messages_of(page)]
        largest = max(largest, len(messages_of(page)))
        since = page["next_batch"]
    assert found == list(range(LARGE_INBOX)) and largest <= 100
    assert messages_of(bob.sync(since=since)) == []


@TO_DEVICE
def test_who_waits_is_woken(alice, bob):
    # Offline, for otherwise it is Bob's own coming that wakes him.
    since = bob.sync(set_presence="offline")["next_batch"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bob.sync, since=since, timeout=20_000, set_presence="offline")
        time.sleep(0.5)
        began = time.monotonic()
        send_to_device(alice, "a.test", {bob.user_id: {bob.device_id: numbered(0)}}).ok()
        answer = waiting.result()
    assert len(messages_of(answer)) == 1
    assert time.monotonic() - began < 3


# -- device lists


@UPLOAD
@CHANGES
def test_who_shares_an_encrypted_room_hears_of_a_new_device(alice, bob, carol):
    share_a_room(alice, bob)
    tokens = {user: user.sync()["next_batch"] for user in (alice, carol)}
    Device(bob).publish()
    sync = alice.sync_until(changed, since=tokens[alice])
    assert changed(sync) == [bob.user_id]
    answer = alice.get("/keys/changes", query={"from": tokens[alice], "to": sync["next_batch"]}).ok()
    assert answer["changed"] == [bob.user_id] and answer["left"] == []
    assert bob.user_id not in changed(carol.sync(since=tokens[carol]))


@UPLOAD
@CROSS_SIGNING
def test_one_hears_of_cross_signing_and_of_a_device_that_is_gone(alice, bob):
    share_a_room(alice, bob)
    second = log_in(bob)
    Device(second).publish()
    eventually(lambda: query(alice, bob)["device_keys"].get(bob.user_id))
    since = alice.sync()["next_batch"]
    CrossSigning(bob).publish()
    since = alice.sync_until(lambda sync: bob.user_id in changed(sync), since=since)["next_batch"]
    second.post("/logout").ok()
    alice.sync_until(lambda sync: bob.user_id in changed(sync), since=since)
    eventually(lambda: query(alice, bob)["device_keys"].get(bob.user_id, {}) == {})


@UPLOAD
def test_who_begins_to_share_a_room_is_to_be_asked_for(alice, bob):
    for user in (alice, bob):
        Device(user).publish()
    room = alice.create_room(preset="public_chat", initial_state=[ENCRYPTED])
    tokens = {user: user.sync()["next_batch"] for user in (alice, bob)}
    bob.join(room)
    for user, other in ((alice, bob), (bob, alice)):
        sync = user.sync_until(lambda sync, other=other: other.user_id in changed(sync), since=tokens[user])
        tokens[user] = sync["next_batch"]
    # The last room that they share.
    bob.leave(room)
    for user, other in ((alice, bob), (bob, alice)):
        user.sync_until(lambda sync, other=other: other.user_id in left(sync), since=tokens[user])


@UPLOAD
def test_who_still_shares_a_room_has_not_left(alice, bob):
    rooms = [share_a_room(alice, bob) for _ in range(2)]
    since = alice.sync()["next_batch"]
    bob.leave(rooms[0])

    def seen(sync):
        return any(event.get("state_key") == bob.user_id for event in timeline(sync, rooms[0]))

    assert bob.user_id not in left(alice.sync_until(seen, since=since))


@UPLOAD
def test_one_hears_of_changes_while_one_was_away(alice, bob):
    """A token from before the change, and many events since."""
    room = share_a_room(alice, bob)
    since = alice.sync()["next_batch"]
    Device(bob).publish()
    for number in range(30):
        bob.send(room, f"message {number}")
    alice.settle(room, lambda event: event.get("content", {}).get("body") == "message 29")
    assert bob.user_id in changed(alice.sync(since=since))
