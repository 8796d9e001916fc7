"""Creating rooms, and who may be in them."""

import pytest

from outside.client import joined, q, timeline

VERSIONS = ["10", "11", "12"]
SYNAPSE_FAILS = pytest.mark.spec_only("Synapse answers 500")
SYNAPSE_ACCEPTS = pytest.mark.spec_only("Synapse accepts what is not of the specified type or value")


# -- creation


@pytest.mark.parametrize(
    ("preset", "join_rule", "history", "guests"),
    [
        ("private_chat", "invite", "shared", "can_join"),
        ("trusted_private_chat", "invite", "shared", "can_join"),
        ("public_chat", "public", "shared", "forbidden"),
    ],
)
def test_presets(alice, preset, join_rule, history, guests):
    room = alice.create_room(preset=preset)
    assert alice.get_state(room, "m.room.join_rules").ok()["join_rule"] == join_rule
    assert alice.get_state(room, "m.room.history_visibility").ok()["history_visibility"] == history
    answer = alice.get_state(room, "m.room.guest_access")
    # Not having the event means `forbidden`.
    assert (answer["guest_access"] if answer.status == 200 else "forbidden") == guests


@pytest.mark.parametrize(("visibility", "join_rule"), [("public", "public"), ("private", "invite"), (None, "invite")])
def test_the_preset_follows_from_the_visibility(alice, visibility, join_rule):
    room = alice.create_room(**({"visibility": visibility} if visibility else {}))
    assert alice.get_state(room, "m.room.join_rules").ok()["join_rule"] == join_rule
    listed = alice.get(f"/directory/list/room/{q(room)}").ok()["visibility"]
    assert listed == (visibility or "private")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_room_version(alice, bob, version):
    room = alice.create_room(room_version=version, preset="public_chat")
    create = alice.get_state(room, "m.room.create").ok()
    assert create["room_version"] == version
    assert (":" in room) == (version != "12")
    # The creator's id stands in the content up to version 10 only.
    assert ("creator" in create.json) == (version == "10")
    levels = alice.get_state(room, "m.room.power_levels").ok()
    assert levels["users"] == ({} if version == "12" else {alice.user_id: 100})
    bob.join(room)
    assert bob.send(room, "hello") in [event["event_id"] for event in alice.messages(room).ok()["chunk"]]


@pytest.mark.parametrize(("version", "errcode"), [("0.5", "M_UNSUPPORTED_ROOM_VERSION"), (12, "M_BAD_JSON")])
def test_an_unknown_room_version_is_refused(alice, version, errcode):
    alice.post("/createRoom", {"room_version": version}).refused(400, errcode)


def test_name_topic_and_alias(alice):
    alias = f"place-{alice.localpart}"
    room = alice.create_room(name="A name", topic="A topic", room_alias_name=alias)
    assert alice.get_state(room, "m.room.name").ok()["name"] == "A name"
    topic = alice.get_state(room, "m.room.topic").ok()
    assert topic["topic"] == "A topic"
    full = f"#{alias}:{alice.server_name}"
    assert alice.get_state(room, "m.room.canonical_alias").ok()["alias"] == full
    assert alice.get(f"/directory/room/{q(full)}").ok()["room_id"] == room


def test_an_alias_in_use_stops_the_creation(alice):
    alias = f"place-{alice.localpart}"
    alice.create_room(room_alias_name=alias)
    alice.post("/createRoom", {"room_alias_name": alias}).refused(400, "M_ROOM_IN_USE")


@pytest.mark.parametrize("alias", ["#whole:outside.test", "a:b", pytest.param("nul\0", marks=SYNAPSE_FAILS), "a" * 300])
def test_a_bad_alias_stops_the_creation(alice, alias):
    answer = alice.post("/createRoom", {"room_alias_name": alias})
    assert answer.status == 400 and answer.errcode in ("M_INVALID_PARAM", "M_BAD_JSON", "M_UNKNOWN"), answer


def test_initial_state_overrides_the_preset_and_name_overrides_it(alice):
    state = [
        {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}},
        {"type": "m.room.name", "content": {"name": "of the initial state"}},
        {"type": "org.example.setting", "state_key": "k", "content": {"v": 1}},
    ]
    room = alice.create_room(preset="public_chat", initial_state=state, name="of the request")
    assert alice.get_state(room, "m.room.history_visibility").ok()["history_visibility"] == "joined"
    assert alice.get_state(room, "m.room.name").ok()["name"] == "of the request"
    assert alice.get_state(room, "org.example.setting", "k").ok().json == {"v": 1}


def test_power_levels_are_overridden(alice):
    room = alice.create_room(power_level_content_override={"events_default": 50, "users_default": 7})
    levels = alice.get_state(room, "m.room.power_levels").ok()
    assert (levels["events_default"], levels["users_default"]) == (50, 7)
    assert levels["ban"] == 50


def test_creation_content_is_kept_and_cannot_claim_a_version(alice):
    room = alice.create_room(creation_content={"m.federate": False, "org.example": "x"}, room_version="11")
    create = alice.get_state(room, "m.room.create").ok()
    assert create["m.federate"] is False and create["org.example"] == "x" and create["room_version"] == "11"


def test_room_types_are_kept(alice):
    room = alice.create_room(creation_content={"type": "m.space"})
    assert alice.get_state(room, "m.room.create").ok()["type"] == "m.space"


@pytest.mark.parametrize("version", VERSIONS)
def test_trusted_guests_of_the_creator_get_power(alice, bob, version):
    room = alice.create_room(preset="trusted_private_chat", invite=[bob.user_id], room_version=version)
    bob.join(room)
    bob.set_state(room, "m.room.name", {"name": "by the invited"}).ok()
    create, levels = (alice.get_state(room, kind).ok() for kind in ("m.room.create", "m.room.power_levels"))
    if version == "12":
        assert bob.user_id in create["additional_creators"]
    else:
        assert levels["users"][bob.user_id] == 100


def test_direct_invitations_say_so(alice, bob):
    room = alice.create_room(preset="trusted_private_chat", invite=[bob.user_id], is_direct=True)
    sync = bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("invite", {}))
    events = sync["rooms"]["invite"][room]["invite_state"]["events"]
    mine = next(event for event in events if event.get("state_key") == bob.user_id)
    assert mine["content"]["is_direct"] is True and mine["content"]["membership"] == "invite"
    assert {"m.room.create", "m.room.join_rules"} <= {event["type"] for event in events}


@pytest.mark.parametrize(
    "body",
    [
        {"preset": "no_such_preset"},
        pytest.param({"visibility": "sometimes"}, marks=SYNAPSE_ACCEPTS),
        {"invite": ["not a user"]},
        {"invite": "@a:b"},
        {"initial_state": [{"type": 5, "content": {}}]},
        pytest.param({"initial_state": {}}, marks=SYNAPSE_ACCEPTS),
        {"power_level_content_override": {"users": {"@a:b": "lots"}}},
        pytest.param({"creation_content": []}, marks=SYNAPSE_FAILS),
        {"name": 7},
    ],
    ids=lambda body: next(iter(body.items())),
)
def test_creation_refuses_wrong_shapes(alice, body):
    answer = alice.post("/createRoom", body)
    assert answer.status == 400, answer
    assert answer.errcode in (
        "M_BAD_JSON",
        "M_INVALID_PARAM",
        "M_UNKNOWN",
        "M_INVALID_ROOM_STATE",
        "M_MISSING_PARAM",
    ), answer


# -- membership: (join rule, state before, actor, action) -> status, membership after


def put_into(room, state, alice, target):
    """Brings the target into a state of membership in Alice's room."""
    if state in ("invite", "join", "left", "banned"):
        alice.invite(room, target)
    if state in ("join", "left"):
        target.join(room)
    if state == "left":
        target.leave(room)
    if state == "banned":
        alice.post(f"/rooms/{q(room)}/ban", {"user_id": target.user_id}).ok()


def act(actor, action, room, target):
    body = {"user_id": target.user_id} if action in ("invite", "kick", "ban", "unban") else {}
    if action == "forget" or action == "leave" or body:
        return actor.post(f"/rooms/{q(room)}/{action}", body)
    return actor.post(f"/rooms/{q(room)}/{action}")


MEMBERSHIP = [
    # join rule, before, who, action, statuses, after
    ("public", None, "self", "join", {200}, "join"),
    ("invite", None, "self", "join", {403}, None),
    ("invite", "invite", "self", "join", {200}, "join"),
    ("invite", "join", "self", "join", {200}, "join"),
    ("invite", "left", "self", "join", {403}, "leave"),
    ("public", "left", "self", "join", {200}, "join"),
    ("public", "banned", "self", "join", {400, 403}, "ban"),
    ("invite", None, "admin", "invite", {200}, "invite"),
    ("invite", "invite", "admin", "invite", {200}, "invite"),
    ("invite", "join", "admin", "invite", {403}, "join"),
    ("invite", "left", "admin", "invite", {200}, "invite"),
    ("invite", "banned", "admin", "invite", {403}, "ban"),
    ("invite", "invite", "self", "leave", {200}, "leave"),
    ("invite", "join", "self", "leave", {200}, "leave"),
    ("public", None, "self", "leave", {403}, None),
    ("invite", "banned", "self", "leave", {403}, "ban"),
    ("invite", "join", "admin", "kick", {200}, "leave"),
    ("invite", "invite", "admin", "kick", {200}, "leave"),
    ("invite", None, "admin", "kick", {403}, None),
    ("invite", "left", "admin", "kick", {403}, "leave"),
    ("invite", "banned", "admin", "kick", {403}, "ban"),
    ("invite", None, "admin", "ban", {200}, "ban"),
    ("invite", "join", "admin", "ban", {200}, "ban"),
    ("invite", "invite", "admin", "ban", {200}, "ban"),
    ("invite", "left", "admin", "ban", {200}, "ban"),
    ("invite", "banned", "admin", "unban", {200}, "leave"),
    ("invite", "join", "admin", "unban", {403}, "join"),
    ("invite", None, "admin", "unban", {200, 403}, None),
    ("invite", "join", "peer", "kick", {403}, "join"),
    ("invite", "join", "peer", "ban", {403}, "join"),
    ("invite", "banned", "peer", "unban", {403}, "ban"),
    ("invite", None, "peer", "invite", {200}, "invite"),
    ("invite", "join", "outsider", "kick", {403}, "join"),
    ("invite", None, "outsider", "invite", {403}, None),
    ("invite", "join", "outsider", "ban", {403}, "join"),
]


@pytest.mark.parametrize(
    ("rule", "before", "who", "action", "statuses", "after"),
    MEMBERSHIP,
    ids=[f"{rule}-{before}-{who}-{action}" for rule, before, who, action, _, _ in MEMBERSHIP],
)
def test_membership(alice, bob, carol, rule, before, who, action, statuses, after):
    room = alice.create_room(preset="public_chat" if rule == "public" else "private_chat")
    put_into(room, before, alice, bob)
    if who == "peer":
        alice.invite(room, carol)
        carol.join(room)
    actor = {"self": bob, "admin": alice, "peer": carol, "outsider": carol}[who]
    answer = act(actor, action, room, bob)
    assert answer.status in statuses, answer
    if answer.status == 403:
        answer.refused(403, "M_FORBIDDEN", "M_BAD_STATE")
    # To unban somebody who was never there is, by the rules of authorisation, a kick that changes nothing.
    assert alice.membership(room, bob) == (after if answer.status != 200 or after else "leave")


def test_the_reason_is_kept(alice, bob):
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    alice.post(f"/rooms/{q(room)}/kick", {"user_id": bob.user_id, "reason": "too loud"}).ok()
    event = alice.member_event(room, bob)
    assert event["content"]["membership"] == "leave" and event["content"]["reason"] == "too loud"
    assert event["sender"] == alice.user_id


def test_joining_by_both_paths_and_by_alias(alice, bob, carol):
    alias = f"place-{alice.localpart}"
    room = alice.create_room(preset="public_chat", room_alias_name=alias)
    assert bob.post(f"/rooms/{q(room)}/join").ok()["room_id"] == room
    assert carol.join(f"#{alias}:{carol.server_name}") == room


@pytest.mark.parametrize(
    ("target", "statuses"),
    [("#nothing-here:outside.test", {404}), ("!nothing:outside.test", {403, 404}), ("nonsense", {400})],
)
def test_joining_nothing(alice, target, statuses):
    answer = alice.post(f"/join/{q(target)}")
    assert answer.status in statuses, answer


def test_forgetting(alice, bob):
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    forget = f"/rooms/{q(room)}/forget"
    bob.post(forget).refused(400, "M_UNKNOWN")
    bob.leave(room)
    since = bob.sync()["next_batch"]
    bob.messages(room).ok()
    bob.post(forget).ok()
    bob.messages(room).refused(403, "M_FORBIDDEN")
    include = {"room": {"include_leave": True}}
    assert room not in bob.sync(filter=include).get("rooms", {}).get("leave", {})
    bob.join(room)
    bob.sync_until(lambda sync: joined(sync, room), since=since)


def test_knocking(alice, bob):
    state = [{"type": "m.room.join_rules", "content": {"join_rule": "knock"}}]
    room = alice.create_room(initial_state=state)
    assert bob.post(f"/knock/{q(room)}", {"reason": "let me in"}).ok()["room_id"] == room
    assert alice.member_event(room, bob)["content"] == {"membership": "knock", "reason": "let me in"} | {
        key: value
        for key, value in alice.member_event(room, bob)["content"].items()
        if key in ("displayname", "avatar_url")
    }
    bob.sync_until(lambda sync: room in sync.json.get("rooms", {}).get("knock", {}))
    alice.invite(room, bob)
    bob.join(room)


def test_restricted_rooms_let_members_of_another_room_in(alice, bob, carol):
    club = alice.create_room(preset="public_chat")
    allow = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}
    room = alice.create_room(initial_state=[{"type": "m.room.join_rules", "content": allow}])
    bob.join(club)
    bob.join(room)
    assert alice.member_event(room, bob)["content"]["join_authorised_via_users_server"] == alice.user_id
    carol.post(f"/join/{q(room)}").refused(403, "M_FORBIDDEN")


def test_joined_rooms_and_members(alice, bob):
    room = alice.create_room(preset="public_chat")
    assert room not in bob.get("/joined_rooms").ok()["joined_rooms"]
    bob.join(room)
    assert room in bob.get("/joined_rooms").ok()["joined_rooms"]
    members = alice.get(f"/rooms/{q(room)}/joined_members").ok()["joined"]
    assert set(members) == {alice.user_id, bob.user_id}
    assert members[bob.user_id].get("display_name") == bob.localpart
    bob.leave(room)
    assert room not in bob.get("/joined_rooms").ok()["joined_rooms"]
    bob.get(f"/rooms/{q(room)}/joined_members").refused(403, "M_FORBIDDEN")


def test_members_by_membership(alice, bob, carol):
    room = alice.create_room(invite=[bob.user_id, carol.user_id])
    bob.join(room)
    path = f"/rooms/{q(room)}/members"

    def members(**query):
        return {event["state_key"] for event in alice.get(path, query=query).ok()["chunk"]}

    assert members() == {alice.user_id, bob.user_id, carol.user_id}
    assert members(membership="join") == {alice.user_id, bob.user_id}
    assert members(not_membership="join") == {carol.user_id}
    assert members(membership="ban") == set()


def test_members_at_a_point_in_time(alice, bob):
    room = alice.create_room(preset="public_chat")
    then = alice.sync()["next_batch"]
    bob.join(room)
    chunk = alice.get(f"/rooms/{q(room)}/members", query={"at": then}).ok()["chunk"]
    assert [event["state_key"] for event in chunk] == [alice.user_id]


def test_who_left_sees_the_members_of_then(alice, bob, carol):
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    bob.leave(room)
    carol.join(room)
    chunk = bob.get(f"/rooms/{q(room)}/members").ok()["chunk"]
    assert carol.user_id not in {event["state_key"] for event in chunk}


def test_a_name_change_reaches_the_rooms(alice, bob):
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    since = alice.sync()["next_batch"]
    bob.put(f"/profile/{q(bob.user_id)}/displayname", {"displayname": "Robert"}).ok()
    sync = alice.sync_until(lambda sync: timeline(sync, room), since=since)
    event = timeline(sync, room)[0]
    assert event["content"]["displayname"] == "Robert" and event["content"]["membership"] == "join"
    assert event["unsigned"]["prev_content"]["membership"] == "join"
