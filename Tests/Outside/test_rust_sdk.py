"""The Matrix Rust SDK, the core of Element X, against the running server: everything it knows comes by sliding sync."""

import os

import pytest

from outside.rust_sdk import RustClient

pytestmark = pytest.mark.skipif("RUST_SDK_PYTHON" not in os.environ, reason="the SDK could not be installed")

ROOMS = 40


@pytest.fixture
def new_phone(homeserver, data_folder):
    """A phone on which a user has logged in and whose room list is up."""
    phones = []

    def make(user, url=None):
        phone = RustClient(data_folder / f"{user.localpart}-{len(phones)}.log")
        phones.append(phone)
        phone.login(url=url or homeserver.front_url, user=user.localpart, password=user.password)
        phone.start()
        return phone

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def two_phones(new_phone, alice, bob, homeserver):
    """Two people in one room, each with a phone at another worker."""
    urls = homeserver.base_urls
    hers, his = new_phone(alice, urls[0]), new_phone(bob, urls[-1])
    room = hers.create(name="Two of us", invite=[bob.user_id])
    his.room(room, membership="INVITED")
    his.join(room=room)
    hers.room(room, joined=2)
    his.room(room, membership="JOINED", joined=2)
    for phone in (hers, his):
        phone.open(room=room)
        # The SDK shows a message twice that is sent into a room whose history it has not got yet.
        phone.until(lambda phone=phone: len([one for one in phone.timeline(room=room) if "event_id" in one]) > 1)
    return hers, his, room


def test_an_invite_shows_who_sent_it_and_becomes_a_room(new_phone, alice, bob):
    hers, his = new_phone(alice), new_phone(bob)
    room = hers.create(name="Come in", invite=[bob.user_id])
    invite = his.room(room, membership="INVITED")
    assert (invite["name"], invite["inviter"]) == ("Come in", alice.user_id)
    his.join(room=room)
    assert his.room(room, membership="JOINED", joined=2)["name"] == "Come in"


def test_messages_arrive_once_and_in_order(two_phones):
    hers, his, room = two_phones
    expected = []
    for number in range(10):
        for phone, name in ((hers, "hers"), (his, "his")):
            body = f"{name} {number}"
            phone.send(room=room, body=body)
            phone.message(room, body)
            expected.append(body)
    for phone in (hers, his):
        phone.message(room, expected[-1])
        assert phone.bodies(room) == expected


def test_a_message_is_edited_answered_and_taken_back(two_phones):
    hers, his, room = two_phones
    hers.send(room=room, body="frist")
    event = his.message(room, "frist")["event_id"]
    hers.message(room, "frist")
    hers.edit(room=room, event_id=event, body="first")
    assert his.message(room, "first")["edited"]
    his.react(room=room, event_id=event, key="👍")
    his.until(lambda: his.message(room, "first")["reactions"] == {"👍": 1})
    hers.until(lambda: hers.message(room, "first")["reactions"] == {"👍": 1})
    hers.redact(room=room, event_id=event)
    his.until(lambda: any(one["kind"] == "REDACTED" for one in his.timeline(room=room)))


def test_what_is_unread_is_counted_until_it_is_read(two_phones, bob):
    hers, his, room = two_phones
    hers.send(room=room, body="one")
    # Of two messages that are under way together the SDK may show the second in the place of the first.
    his.message(room, "one")
    hers.send(room=room, body="two")
    his.message(room, "two")
    his.room(room, unread=2)
    his.read(room=room)
    his.room(room, unread=0)
    hers.until(lambda: bob.user_id in hers.message(room, "two")["readers"])


@pytest.mark.apus_only("Synapse tells no counts in sliding sync")
def test_the_server_counts_too(two_phones, alice, bob):
    hers, his, room = two_phones
    alice.send(room, "one")
    alice.send(room, "two", **{"m.mentions": {"user_ids": [bob.user_id]}})
    his.room(room, notifications=2, highlights=1)
    his.message(room, "two")
    his.read(room=room)
    his.room(room, notifications=0, highlights=0)


def test_typing_is_seen(two_phones, bob):
    hers, his, room = two_phones
    his.type(room=room)
    hers.until(lambda: hers.typing(room=room) == [bob.user_id])
    his.type(room=room, is_typing=False)
    hers.until(lambda: hers.typing(room=room) == [])


def test_a_room_that_one_is_removed_from_leaves_the_list(two_phones, alice, bob):
    hers, his, room = two_phones
    hers.kick(room=room, user=bob.user_id)
    his.until(lambda: all(one["id"] != room for one in his.list_rooms()))
    alice.send(room, "now that he is gone")
    hers.message(room, "now that he is gone")
    assert "now that he is gone" not in his.bodies(room)


def test_many_rooms_are_listed_newest_first(new_phone, alice):
    rooms = [alice.create_room(name=f"Room {number}") for number in range(ROOMS)]
    phone = new_phone(alice)
    phone.until(lambda: len(phone.list_rooms()) == ROOMS)
    alice.send(rooms[3], "up")
    phone.until(lambda: phone.list_rooms()[0]["id"] == rooms[3])
    assert {room["name"] for room in phone.list_rooms()} == {f"Room {number}" for number in range(ROOMS)}


def test_history_is_there_when_a_room_is_opened(new_phone, alice):
    room = alice.create_room(name="Long ago")
    for number in range(60):
        alice.send(room, f"message {number}")
    phone = new_phone(alice)
    phone.room(room)
    phone.open(room=room)
    while not phone.paginate(room=room, count=20):
        pass
    phone.until(lambda: phone.bodies(room) == [f"message {number}" for number in range(60)])
