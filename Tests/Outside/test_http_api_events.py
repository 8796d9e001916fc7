"""Sending, reading and paging events."""

import json
import time

import pytest

from outside.client import Client, User, bodies, q, timeline

VERSIONS = ["10", "11", "12"]


@pytest.fixture
def room(alice, bob):
    """A public room of Alice's with Bob in it."""
    made = alice.create_room(preset="public_chat")
    bob.join(made)
    return made


# -- sending


def test_a_transaction_is_carried_out_once(alice, room):
    first = alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "once"}, "same").ok()
    second = alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "once"}, "same").ok()
    assert first["event_id"] == second["event_id"]
    assert bodies(alice.messages(room).ok()["chunk"]) == ["once"]


def test_a_transaction_is_carried_out_once_through_any_way_in(alice, room, homeserver):
    found = set()
    for url in (homeserver.front_url, *homeserver.base_urls):
        client = Client(url, alice.token)
        path = f"/rooms/{q(room)}/send/m.room.message/same"
        found.add(client.put(path, {"msgtype": "m.text", "body": "once"}).ok()["event_id"])
    assert len(found) == 1


def test_transactions_belong_to_a_device(alice, room):
    login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": alice.user_id}}
    other = User(alice.base_urls, alice.post("/login", login | {"password": alice.password}).ok(), alice.password)
    first = alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "a"}, "same").ok()["event_id"]
    assert (
        other.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "b"}, "same").ok()["event_id"] != first
    )


def test_transactions_belong_to_a_path(alice, room):
    other = alice.create_room()
    first = alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "a"}, "same").ok()["event_id"]
    assert (
        alice.send_event(other, "m.room.message", {"msgtype": "m.text", "body": "a"}, "same").ok()["event_id"] != first
    )


def test_the_sender_sees_its_transaction_id(alice, bob, room):
    event = alice.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "mine"}, "my-transaction").ok()[
        "event_id"
    ]
    mine = alice.get(f"/rooms/{q(room)}/event/{q(event)}").ok()
    assert mine["unsigned"]["transaction_id"] == "my-transaction"
    assert "transaction_id" not in bob.get(f"/rooms/{q(room)}/event/{q(event)}").ok().get("unsigned", {})


def test_an_event_has_its_client_form(alice, room):
    before = int(time.time() * 1000)
    event_id = alice.send(room, "look at me")
    event = alice.get(f"/rooms/{q(room)}/event/{q(event_id)}").ok()
    assert event["event_id"] == event_id and event["room_id"] == room and event["sender"] == alice.user_id
    assert event["type"] == "m.room.message" and "state_key" not in event.json
    assert before - 1000 <= event["origin_server_ts"] <= before + 60_000
    assert not {"hashes", "signatures", "prev_events", "auth_events", "depth"} & set(event.json)


def test_content_comes_back_as_it_was_sent(alice, room):
    content = {
        "body": 'ünï \U0001f600 \\ " \u2028 \u0000',
        "n": [0, -1, 2**53 - 1, -(2**53) + 1],
        "b": [True, False, None],
        "": {"": []},
        "nested": {"a": {"b": [{}]}},
    }
    event_id = alice.send_event(room, "org.example.kind", content).ok()["event_id"]
    assert alice.get(f"/rooms/{q(room)}/event/{q(event_id)}").ok()["content"] == content


@pytest.mark.parametrize("who", ["outsider", "left", "banned", "invited"])
def test_who_is_not_in_the_room_cannot_send(alice, new_user, who):
    room = alice.create_room(preset="private_chat")
    dora = new_user("dora")
    if who != "outsider":
        alice.invite(room, dora)
    if who == "left":
        dora.join(room)
        dora.leave(room)
    if who == "banned":
        alice.post(f"/rooms/{q(room)}/ban", {"user_id": dora.user_id}).ok()
    dora.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "let me"}).refused(403, "M_FORBIDDEN")
    dora.set_state(room, "m.room.topic", {"topic": "let me"}).refused(403, "M_FORBIDDEN")


def test_power_decides_who_sends_what(alice, bob, room):
    bob.set_state(room, "m.room.name", {"name": "no"}).refused(403, "M_FORBIDDEN")
    bob.set_state(room, "m.room.power_levels", {"users": {bob.user_id: 100}}).refused(403, "M_FORBIDDEN")
    levels = alice.get_state(room, "m.room.power_levels").ok().json
    levels["events"]["m.room.name"] = 0
    levels["events"]["m.room.message"] = 10
    alice.set_state(room, "m.room.power_levels", levels).ok()
    bob.set_state(room, "m.room.name", {"name": "yes"}).ok()
    bob.send_event(room, "m.room.message", {"msgtype": "m.text", "body": "no longer"}).refused(403, "M_FORBIDDEN")


def test_a_user_id_as_state_key_is_that_users_own(alice, bob, room):
    levels = alice.get_state(room, "m.room.power_levels").ok().json
    alice.set_state(room, "m.room.power_levels", levels | {"state_default": 0}).ok()
    bob.set_state(room, "org.example.own", {"x": 1}, alice.user_id).refused(403, "M_FORBIDDEN")
    bob.set_state(room, "org.example.own", {"x": 1}, bob.user_id).ok()


def test_nobody_bans_by_state_without_power(bob, room):
    bob.set_state(room, "m.room.member", {"membership": "ban"}, "@x:outside.test").refused(403, "M_FORBIDDEN")


@pytest.mark.spec_only("Synapse answers 500")
def test_nobody_sends_a_second_create_event(alice, room):
    answer = alice.set_state(room, "m.room.create", {})
    assert answer.status in (400, 403), answer


# -- state


def test_state_is_set_read_and_listed(alice, bob, room):
    event = alice.set_state(room, "org.example.kind", {"v": 1}, "key/with slash").ok()["event_id"]
    assert bob.get_state(room, "org.example.kind", "key/with slash").ok().json == {"v": 1}
    everything = bob.get(f"/rooms/{q(room)}/state").ok().json
    found = [e for e in everything if e["type"] == "org.example.kind"]
    assert [(e["event_id"], e["state_key"], e["content"]) for e in found] == [(event, "key/with slash", {"v": 1})]
    whole = bob.get(f"/rooms/{q(room)}/state/org.example.kind/{q('key/with slash')}", query={"format": "event"}).ok()
    assert whole["event_id"] == event and whole["content"] == {"v": 1}


def test_an_empty_state_key_needs_no_slash(alice, room):
    alice.put(f"/rooms/{q(room)}/state/m.room.topic", {"topic": "T"}).ok()
    for path in ("m.room.topic", "m.room.topic/"):
        assert alice.get(f"/rooms/{q(room)}/state/{path}").ok()["topic"] == "T"


def test_equal_state_is_not_sent_again(alice, room):
    first = alice.set_state(room, "m.room.topic", {"topic": "T"}).ok()["event_id"]
    assert alice.set_state(room, "m.room.topic", {"topic": "T"}).ok()["event_id"] == first


def test_state_that_is_not_there_is_not_found(alice, room):
    alice.get_state(room, "org.example.none").refused(404, "M_NOT_FOUND")


def test_state_is_not_for_outsiders(room, carol):
    carol.get(f"/rooms/{q(room)}/state").refused(403, "M_FORBIDDEN")
    carol.get_state(room, "m.room.name").refused(403, "M_FORBIDDEN")


def test_who_left_sees_the_state_of_then(alice, bob, room):
    alice.set_state(room, "m.room.topic", {"topic": "then"}).ok()
    bob.leave(room)
    alice.set_state(room, "m.room.topic", {"topic": "now"}).ok()
    assert bob.get_state(room, "m.room.topic").ok()["topic"] == "then"
    topics = [
        e["content"]["topic"] for e in bob.get(f"/rooms/{q(room)}/state").ok().json if e["type"] == "m.room.topic"
    ]
    assert topics == ["then"]


def test_aliases_that_do_not_exist_are_not_canonical(alice, room):
    answer = alice.set_state(room, "m.room.canonical_alias", {"alias": "#nothing-here:outside.test"})
    answer.refused(400, "M_BAD_ALIAS")
    alice.set_state(room, "m.room.canonical_alias", {"alias": "no alias at all"}).refused(400, "M_INVALID_PARAM")


# -- redaction


@pytest.mark.parametrize("version", VERSIONS)
def test_redaction_removes_the_content(alice, bob, version):
    room = alice.create_room(preset="public_chat", room_version=version)
    bob.join(room)
    event = alice.send(room, "regrettable", extra="also")
    redaction = alice.redact(room, event, reason="because")
    # Another worker may learn of it a moment later.
    deadline = time.monotonic() + 3
    while (seen := bob.get(f"/rooms/{q(room)}/event/{q(event)}").ok())["content"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen["content"] == {}
    because = seen["unsigned"]["redacted_because"]
    assert because["event_id"] == redaction and because["content"]["reason"] == "because"
    # The event that is redacted stands in the content from version 11 on, at the top before; clients get both.
    assert because["content"].get("redacts", because.get("redacts")) == event
    chunk = bob.messages(room).ok()["chunk"]
    assert "regrettable" not in json.dumps(chunk)


def test_redaction_of_membership_keeps_the_membership(alice, bob, room):
    event = alice.member_event(room, bob)["event_id"]
    alice.redact(room, event)
    assert alice.get(f"/rooms/{q(room)}/event/{q(event)}").ok()["content"] == {"membership": "join"}
    bob.send(room, "still here")


def test_who_may_redact(alice, bob, carol, room):
    carol.join(room)
    event = bob.send(room, "mine")
    path = f"/rooms/{q(room)}/redact/{q(event)}/{q(carol.transaction())}"
    carol.put(path, {}).refused(403, "M_FORBIDDEN")
    bob.redact(room, event)
    alice.redact(room, bob.send(room, "moderated"))


def test_a_redaction_transaction_is_carried_out_once(alice, room):
    event = alice.send(room, "x")
    path = f"/rooms/{q(room)}/redact/{q(event)}/same"
    assert alice.put(path, {}).ok()["event_id"] == alice.put(path, {}).ok()["event_id"]


# -- reading one event


def test_an_event_is_not_found(alice, carol, room):
    event = alice.send(room, "secret")
    other = alice.create_room()
    alice.get(f"/rooms/{q(room)}/event/{q('$unknown')}").refused(404, "M_NOT_FOUND")
    alice.get(f"/rooms/{q(other)}/event/{q(event)}").refused(404, "M_NOT_FOUND")
    answer = carol.get(f"/rooms/{q(room)}/event/{q(event)}")
    assert (answer.status, answer.errcode) in [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND")], answer


@pytest.mark.parametrize(
    ("visibility", "sees_before", "sees_invited"),
    [("world_readable", True, True), ("shared", True, True), ("invited", False, True), ("joined", False, False)],
)
def test_history_visibility(alice, bob, visibility, sees_before, sees_invited):
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": visibility}}]
    room = alice.create_room(preset="private_chat", initial_state=state)
    before = alice.send(room, "before the invitation")
    alice.invite(room, bob)
    invited = alice.send(room, "after the invitation")
    bob.join(room)
    after = alice.send(room, "after the join")
    seen = [event["event_id"] for event in bob.messages(room, limit=50).ok()["chunk"]]
    assert (before in seen, invited in seen, after in seen) == (sees_before, sees_invited, True)
    for event, visible in ((before, sees_before), (invited, sees_invited), (after, True)):
        assert (bob.get(f"/rooms/{q(room)}/event/{q(event)}").status == 200) == visible


def test_a_world_readable_room_is_read_without_joining(alice, carol):
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}]
    room = alice.create_room(preset="private_chat", initial_state=state)
    event = alice.send(room, "for everybody")
    assert "for everybody" in bodies(carol.messages(room).ok()["chunk"])
    carol.get(f"/rooms/{q(room)}/event/{q(event)}").ok()
    carol.get_state(room, "m.room.join_rules").ok()


def test_who_left_sees_nothing_new(alice, bob, room):
    alice.send(room, "then")
    bob.leave(room)
    alice.send(room, "now")
    assert bodies(bob.messages(room).ok()["chunk"]) == ["then"]


# -- paging


def test_paging_in_both_directions_meets_every_event_once(alice, bob, room):
    sent = [alice.send(room, f"number {n}") for n in range(25)]
    backward, token = [], None
    for _ in range(50):
        page = bob.messages(room, limit=7, **({"from": token} if token else {})).ok()
        assert len(page["chunk"]) <= 7
        backward += page["chunk"]
        if "end" not in page.json:
            break
        token = page["end"]
    else:
        raise AssertionError("paging back does not end")
    ids = [event["event_id"] for event in backward]
    assert len(ids) == len(set(ids))
    assert [event for event in reversed(ids) if event in sent] == sent
    assert backward[-1]["type"] == "m.room.create"

    forward, seen_tokens = [], set()
    token = page["start"]
    while token and token not in seen_tokens:
        seen_tokens.add(token)
        page = bob.messages(room, dir="f", limit=7, **{"from": token}).ok()
        forward += page["chunk"]
        token = page.get("end")
    # From the token that the last page backwards began at, forward comes everything newer than it.
    assert [event["event_id"] for event in forward] == list(reversed(ids))[-len(forward) :]
    assert sent[-1] == forward[-1]["event_id"]


def test_paging_stops_at_to(alice, room):
    for n in range(5):
        last = alice.send(room, f"old {n}")
    middle = alice.settle(room, lambda event: event["event_id"] == last)
    for n in range(5):
        alice.send(room, f"new {n}")
    assert bodies(alice.messages(room, to=middle, limit=100).ok()["chunk"]) == [f"new {n}" for n in (4, 3, 2, 1, 0)]


def test_paging_on_from_a_sync(alice, bob, room):
    for n in range(30):
        last = alice.send(room, f"number {n}")
    bob.settle(room, lambda event: event["event_id"] == last)
    sync = bob.sync(filter={"room": {"timeline": {"limit": 5}}})
    part = sync["rooms"]["join"][room]["timeline"]
    assert part["limited"] is True
    assert bodies(part["events"]) == [f"number {n}" for n in range(25, 30)]
    page = bob.messages(room, limit=10, **{"from": part["prev_batch"]}).ok()
    assert bodies(page["chunk"]) == [f"number {n}" for n in range(24, 14, -1)]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"types": ["org.example.a"]}, {"a"}),
        ({"types": ["org.example.*"]}, {"a", "b"}),
        ({"not_types": ["org.example.a", "m.*"]}, {"b"}),
        ({"types": ["org.example.*"], "not_types": ["org.example.b"]}, {"a"}),
        ({"types": []}, set()),
        ({"senders": ["BOB"]}, {"b"}),
        ({"not_senders": ["ALICE"]}, {"b"}),
        ({"contains_url": True}, {"b"}),
        ({"contains_url": False, "types": ["org.example.*"]}, {"a"}),
    ],
    ids=str,
)
def test_filters(alice, bob, room, filter, expected):
    names = {"ALICE": alice.user_id, "BOB": bob.user_id}
    alice.send_event(room, "org.example.a", {"body": "a"}).ok()
    bob.send_event(room, "org.example.b", {"body": "b", "url": "mxc://x/y"}).ok()
    filter = {k: [names.get(x, x) for x in v] if isinstance(v, list) else v for k, v in filter.items()}
    chunk = alice.messages(room, filter=json.dumps(filter), limit=100).ok()["chunk"]
    assert set(bodies(chunk)) == expected


def test_lazy_members_come_with_messages(alice, bob, room):
    bob.send(room, "hello")
    page = alice.messages(room, limit=1, filter=json.dumps({"lazy_load_members": True})).ok()
    assert [(e["type"], e["state_key"]) for e in page["state"]] == [("m.room.member", bob.user_id)]


@pytest.mark.parametrize(
    "query", [{"dir": "sideways"}, {"from": "nonsense"}, {"limit": "many"}, {"filter": "{"}, {"limit": "-1"}], ids=str
)
def test_paging_refuses_bad_queries(alice, room, query):
    answer = alice.messages(room, **query)
    assert answer.status == 400, answer
    assert answer.errcode in ("M_INVALID_PARAM", "M_UNKNOWN", "M_NOT_JSON", "M_BAD_JSON"), answer


@pytest.mark.spec_only("Synapse takes a missing direction for forwards")
def test_paging_needs_a_direction(alice, room):
    alice.get(f"/rooms/{q(room)}/messages").refused(400, "M_MISSING_PARAM")


# -- context


def test_context_gives_what_is_around(alice, bob, room):
    sent = [alice.send(room, f"number {n}") for n in range(9)]
    answer = bob.get(f"/rooms/{q(room)}/context/{q(sent[4])}", query={"limit": 4}).ok()
    assert answer["event"]["event_id"] == sent[4]
    assert bodies(answer["events_before"]) == ["number 3", "number 2"]
    assert bodies(answer["events_after"]) == ["number 5", "number 6"]
    assert {"m.room.create", "m.room.member"} <= {event["type"] for event in answer["state"]}
    older = bob.messages(room, limit=2, **{"from": answer["start"]}).ok()
    assert bodies(older["chunk"]) == ["number 1", "number 0"]
    newer = bob.messages(room, limit=2, dir="f", **{"from": answer["end"]}).ok()
    assert bodies(newer["chunk"]) == ["number 7", "number 8"]


def test_context_of_nothing(alice, carol, room):
    alice.get(f"/rooms/{q(room)}/context/{q('$unknown')}").refused(404, "M_NOT_FOUND")
    event = alice.send(room, "x")
    answer = carol.get(f"/rooms/{q(room)}/context/{q(event)}")
    assert (answer.status, answer.errcode) in [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND")], answer


# -- two at once


def test_sends_at_the_same_time_all_arrive(alice, bob, room):
    from concurrent.futures import ThreadPoolExecutor

    def send(n):
        return (alice, bob)[n % 2].send(room, f"parallel {n}")

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(40)))
    chunk = alice.messages(room, limit=100).ok()["chunk"]
    found = [event["event_id"] for event in chunk]
    assert len(found) == len(set(found)) and set(sent) <= set(found)
    alice.settle(room, lambda event: event["event_id"] == found[0])
    events = timeline(alice.sync(filter={"room": {"timeline": {"limit": 100}}}), room)
    assert set(sent) <= {event["event_id"] for event in events}
