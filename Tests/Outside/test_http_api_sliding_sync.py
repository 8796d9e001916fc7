"""Simplified sliding sync, on the path that clients of today use."""

import threading
import time

import pytest

PATH = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"


def request(count=20, limit=5, state=(), **more):
    rooms = {"ranges": [[0, count - 1]], "timeline_limit": limit, "required_state": [list(pair) for pair in state]}
    return {"lists": {"rooms": rooms}, **more}


def slide(user, body, pos=None, timeout=0, connection="main"):
    query = {"timeout": timeout * 1000}
    if pos is not None:
        query["pos"] = pos
    return user.post(PATH, {"conn_id": connection, **body}, query=query, timeout=timeout + 30)


def texts(part):
    return [event["content"]["body"] for event in part.get("timeline", []) if event["type"] == "m.room.message"]


@pytest.fixture
def room(alice, bob):
    made = alice.create_room(preset="public_chat", name="Kitchen")
    bob.join(made)
    for user in (alice, bob):
        user.settle(made, lambda event: event.get("state_key") == bob.user_id)
    return made


def test_versions_tell_of_it(anyone):
    assert anyone.get("/_matrix/client/versions").ok()["unstable_features"]["org.matrix.simplified_msc3575"] is True


def test_a_first_answer_and_the_next(alice, bob, room):
    body = request(state=[("m.room.create", ""), ("m.room.member", "$ME")])
    first = slide(bob, body).ok()
    part = first["rooms"][room]
    assert part["initial"] is True and part["name"] == "Kitchen" and part["joined_count"] == 2
    assert {(e["type"], e["state_key"]) for e in part["required_state"]} == {
        ("m.room.create", ""),
        ("m.room.member", bob.user_id),
    }
    assert first["lists"]["rooms"]["count"] == 1
    assert slide(bob, body, first["pos"]).ok()["rooms"] == {}
    hello = alice.send(room, "hello")
    bob.settle(room, lambda event: event["event_id"] == hello)
    second = slide(bob, body, first["pos"]).ok()
    assert texts(second["rooms"][room]) == ["hello"] and second["rooms"][room]["num_live"] == 1
    assert not second["rooms"][room].get("initial") and "name" not in second["rooms"][room]
    # The answer was lost: the same again.
    assert texts(slide(bob, body, first["pos"]).ok()["rooms"][room]) == ["hello"]


def test_only_who_sent_it_is_told_the_transaction(alice, bob, room):
    before = {user: slide(user, request()).ok()["pos"] for user in (alice, bob)}
    content = {"msgtype": "m.text", "body": "mine"}
    sent = alice.send_event(room, "m.room.message", content, transaction="of-hers").ok()["event_id"]
    bob.settle(room, lambda event: event["event_id"] == sent)
    for user, transaction in ((alice, "of-hers"), (bob, None)):
        # The window has grown, so the event comes with older ones.
        event = slide(user, request(limit=10), before[user]).ok()["rooms"][room]["timeline"][-1]
        assert event["event_id"] == sent and event["unsigned"].get("transaction_id") == transaction


def test_a_wait_ends_with_news(alice, bob, room):
    body = request()
    pos = slide(bob, body).ok()["pos"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(slide(bob, body, pos, timeout=20)))
    waiting.start()
    time.sleep(0.3)
    alice.send(room, "hello")
    waiting.join(25)
    assert texts(answers[0].ok()["rooms"][room]) == ["hello"]


def test_every_worker_knows_every_position(alice, bob, room):
    body = request()
    pos = slide(bob, body).ok()["pos"]
    for number in range(4):
        said = alice.send(room, str(number))
        bob.settle(room, lambda event, said=said: event["event_id"] == said)
        answers = [slide(bob, body, pos).ok() for _ in range(4)]
        assert [texts(answer["rooms"][room]) for answer in answers] == [[str(number)]] * 4
        pos = answers[-1]["pos"]


def test_nothing_is_shown_after_a_ban(alice, bob, room):
    body = request(limit=20, state=[("*", "*")])
    pos = slide(bob, body).ok()["pos"]
    alice.post(f"/_matrix/client/v3/rooms/{room}/ban", {"user_id": bob.user_id}).ok()
    alice.set_state(room, "m.room.topic", {"topic": "secret"})
    alice.send(room, "secret")
    answer = slide(bob, body, pos).ok()
    part = answer["rooms"][room]
    assert "secret" not in texts(part)
    assert all(event["type"] != "m.room.topic" for event in part.get("required_state", []))
    assert slide(bob, body, answer["pos"]).ok()["rooms"] == {}


def test_unknown_positions_are_told_as_such(alice):
    slide(alice, request(), pos="17/s1_2_3_4_5_6_7_8_9_10_11_12").refused(400, "M_UNKNOWN_POS", "M_INVALID_PARAM")
