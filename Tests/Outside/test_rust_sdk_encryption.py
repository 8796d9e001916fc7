"""The Matrix Rust SDK with encryption: identities, emoji, backup and recovery, as Element X has them.

Each test is played twice: by two people at different workers of one homeserver, and by people of two homeservers.
"""

import os
import time

import pytest

from outside.client import register
from outside.rust_sdk import RustClient

pytestmark = [
    pytest.mark.skipif("RUST_SDK_PYTHON" not in os.environ, reason="the SDK could not be installed"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/upload"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/query"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/claim"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/device_signing/upload"),
    pytest.mark.rests_on("POST /_matrix/client/v3/keys/signatures/upload"),
    pytest.mark.rests_on("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"),
]
PATIENCE_SECONDS = 10
FIND_THE_BUTTON_SECONDS = 1
BACKUP = pytest.mark.rests_on("POST /_matrix/client/v3/room_keys/version")


@pytest.fixture(params=["another worker", "another server"])
def people(request, tested):
    """Alice and Bob, with accounts at two places."""
    if request.param == "another worker":
        places = [tested.base_urls[0], tested.base_urls[-1]]
    else:
        places = [tested.base_urls[0], request.getfixturevalue("synapse_peer").base_urls[0]]
    return register(places[0], "alice"), register(places[1], "bob")


@pytest.fixture
def new_phone(data_folder):
    """A phone on which a user has logged in, with keys and an identity, and whose room list is up."""
    phones = []

    def make(user):
        phone = RustClient(data_folder / f"{user.localpart}-{len(phones)}.log")
        phones.append(phone)
        phone.login(url=user.base_urls[0], user=user.localpart, password=user.password, encrypted=True)
        phone.start()
        return phone

    yield make
    for phone in phones:
        phone.close()


def look_into(phone, room):
    phone.room(room, membership="JOINED")
    phone.open(room=room)
    # The SDK shows a message twice that is sent into a room whose history it has not got yet.
    phone.paginate(room=room, count=20)
    phone.until(lambda: len([one for one in phone.timeline(room=room) if "event_id" in one]) > 1)


@pytest.fixture
def chat(people, new_phone):
    """Each has a phone, and both are in an encrypted room."""
    alice, bob = people
    hers, his = new_phone(alice), new_phone(bob)
    room = hers.create(name="Just us", invite=[bob.user_id], encrypted=True)
    his.room(room, membership="INVITED")
    his.join(room=room)
    hers.room(room, joined=2)
    for phone in (hers, his):
        look_into(phone, room)
    return hers, his, room


def tell(sender, readers, room, text):
    sender.send(room=room, body=text)
    for phone in (sender, *readers):
        phone.message(room, text)


def locked(phone, room):
    return [event for event in phone.timeline(room=room) if event["kind"] == "UNABLE_TO_DECRYPT"]


def compare_emoji(one, other, ask):
    """The one asks the other; both see the same pictures and say so."""

    def asked():
        # A phone is silent about a request of one that it has not heard of yet. People then ask again.
        if asked.before:
            one.cancel_verification()
        asked.before = True
        ask()
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if "request" in other.screen_shows()["seen"]:
                return True
            time.sleep(0.1)
        return False

    asked.before = False
    other.until(asked, seconds=4 * PATIENCE_SECONDS)
    other.accept_verification()
    one.until(lambda: "accepted" in one.screen_shows()["seen"])
    one.start_emoji()
    for phone in (one, other):
        phone.until(lambda phone=phone: "emoji" in phone.screen_shows()["seen"])
    assert one.screen_shows()["emoji"] == other.screen_shows()["emoji"] and len(one.screen_shows()["emoji"]) == 7
    for phone in (one, other):
        phone.emoji_match()
    for phone in (one, other):
        phone.until(lambda phone=phone: "finished" in phone.screen_shows()["seen"])


def test_the_first_phone_makes_an_identity_that_others_see(people, chat):
    (alice, bob), (hers, his, _) = people, chat
    for phone in (hers, his):
        phone.until(lambda phone=phone: phone.encryption_states()["verification"] == "VERIFIED")
    for phone, other, other_phone in ((hers, bob, his), (his, alice, hers)):
        own = other_phone.identity(user=other.user_id)
        seen = phone.until(lambda phone=phone, other=other: phone.identity(user=other.user_id))
        assert seen == {"master_key": own["master_key"], "verified": False}


def test_messages_are_read_both_ways(chat):
    hers, his, room = chat
    said = []
    for number in range(5):
        for phone, other, name in ((hers, his, "hers"), (his, hers, "his")):
            said.append(f"{name} {number}")
            tell(phone, [other], room, said[-1])
    for phone in (hers, his):
        assert phone.bodies(room) == said and not locked(phone, room)


def test_a_new_phone_is_verified_by_emoji(people, chat, new_phone):
    (_, bob), (hers, his, room) = people, chat
    second = new_phone(bob)
    assert second.encryption_states()["verification"] == "UNVERIFIED"
    time.sleep(FIND_THE_BUTTON_SECONDS)
    compare_emoji(second, his, ask=second.ask_to_verify_device)
    second.until(lambda: second.encryption_states()["verification"] == "VERIFIED")
    look_into(second, room)
    tell(hers, [his, second], room, "for all three")
    tell(second, [hers, his], room, "from the new one")


@BACKUP
def test_a_verified_phone_gets_the_keys_of_the_backup(people, chat, new_phone):
    (_, bob), (hers, his, room) = people, chat
    tell(hers, [his], room, "before the second phone")
    his.enable_recovery()
    his.wait_for_backup()
    second = new_phone(bob)
    time.sleep(FIND_THE_BUTTON_SECONDS)
    compare_emoji(second, his, ask=second.ask_to_verify_device)
    look_into(second, room)
    second.until(lambda: second.encryption_states()["backup"] == "ENABLED")
    second.message(room, "before the second phone")
    assert not locked(second, room)


@BACKUP
def test_all_phones_are_lost_and_the_recovery_key_opens_everything(people, chat, new_phone):
    (_, bob), (hers, his, room) = people, chat
    said = [f"number {number}" for number in range(10)]
    for text in said:
        tell(hers, [his], room, text)
    key = his.enable_recovery()
    his.wait_for_backup()
    assert his.encryption_states()["recovery"] == "ENABLED"
    his.log_out()
    second = new_phone(bob)
    assert second.backup_exists() and second.encryption_states()["verification"] == "UNVERIFIED"
    second.recover(key=key)
    second.until(lambda: second.encryption_states()["verification"] == "VERIFIED")
    look_into(second, room)
    while not second.paginate(room=room, count=20):
        pass
    second.until(lambda: second.bodies(room) == said)
    tell(hers, [second], room, "and on")


@BACKUP
def test_who_begins_anew_is_known_by_the_new_identity(people, chat):
    (_, bob), (hers, his, room) = people, chat
    before = hers.until(lambda: hers.identity(user=bob.user_id))
    his.reset_identity(password=bob.password)
    after = his.identity(user=bob.user_id)["master_key"]
    assert after != before["master_key"]
    # Whoever knows Bob is told, and asks again.
    hers.until(lambda: hers.identity(user=bob.user_id)["master_key"] == after)
    tell(his, [hers], room, "it is still me")
