"""Aliases, the room directory, profiles, and stored filters."""

import pytest

from outside.client import fresh_name, q

SYNAPSE_FAILS = pytest.mark.spec_only("Synapse answers 500")


def alias_of(user, name=None):
    return f"#{name or fresh_name('alias')}:{user.server_name}"


# -- aliases


def test_an_alias_is_made_resolved_and_removed(alice, anyone):
    room, alias = alice.create_room(), alias_of(alice)
    path = f"/directory/room/{q(alias)}"
    anyone.get(path).refused(404, "M_NOT_FOUND")
    alice.put(path, {"room_id": room}).ok()
    found = anyone.get(path).ok()
    assert found["room_id"] == room and found["servers"] == [alice.server_name]
    assert alias in alice.get(f"/rooms/{q(room)}/aliases").ok()["aliases"]
    alice.delete(path).ok()
    anyone.get(path).refused(404, "M_NOT_FOUND")


def test_an_alias_in_use_is_a_conflict(alice, bob):
    path = f"/directory/room/{q(alias_of(alice))}"
    alice.put(path, {"room_id": alice.create_room()}).ok()
    answer = bob.put(path, {"room_id": bob.create_room()})
    assert answer.status == 409, answer


def test_only_some_may_remove_an_alias(alice, bob):
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    path = f"/directory/room/{q(alias_of(alice))}"
    alice.put(path, {"room_id": room}).ok()
    bob.delete(path).refused(403, "M_FORBIDDEN")
    mine = f"/directory/room/{q(alias_of(bob))}"
    bob.put(mine, {"room_id": room}).ok()
    alice.delete(mine).ok()


@pytest.mark.parametrize("alias", ["nonsense", "#nocolon", "!room:outside.test", "#" + "a" * 260 + ":outside.test"])
def test_bad_aliases_are_refused(alice, alias):
    alice.put(f"/directory/room/{q(alias)}", {"room_id": alice.create_room()}).refused(400)


def test_aliases_of_other_servers_cannot_be_made(alice):
    alice.put(f"/directory/room/{q('#x:elsewhere.test')}", {"room_id": alice.create_room()}).refused(
        400, "M_UNKNOWN", "M_INVALID_PARAM", "M_FORBIDDEN"
    )


def test_an_unknown_alias_is_not_removed(alice):
    alice.delete(f"/directory/room/{q(alias_of(alice))}").refused(404, "M_NOT_FOUND")


def test_aliases_of_a_room_are_not_for_outsiders(alice, bob):
    bob.get(f"/rooms/{q(alice.create_room())}/aliases").refused(403, "M_FORBIDDEN")


# -- the room directory


def published(user, **options):
    return user.create_room(visibility="public", preset="public_chat", **options)


def listing(client, **query):
    return client.get("/publicRooms", query=query).ok()


def find(client, text):
    return client.post("/publicRooms", {"filter": {"generic_search_term": text}}).ok()["chunk"]


def test_a_public_room_is_listed_with_what_it_is(alice, bob, anyone):
    name, alias = fresh_name("Listed"), fresh_name("listed")
    room = published(alice, name=name, topic="All about it", room_alias_name=alias)
    bob.join(room)
    (entry,) = find(alice, name)
    assert entry["room_id"] == room and entry["name"] == name and entry["topic"] == "All about it"
    assert entry["num_joined_members"] == 2 and entry["join_rule"] == "public"
    assert entry["world_readable"] is False and entry["guest_can_join"] is False
    assert entry["canonical_alias"] == f"#{alias}:{alice.server_name}"
    assert room in {entry["room_id"] for entry in listing(anyone, limit=1000)["chunk"]}


def test_a_room_is_taken_off_the_list(alice, bob):
    name = fresh_name("Listed")
    room = published(alice, name=name)
    path = f"/directory/list/room/{q(room)}"
    bob.put(path, {"visibility": "private"}).refused(403, "M_FORBIDDEN")
    alice.put(path, {"visibility": "private"}).ok()
    assert alice.get(path).ok()["visibility"] == "private" and find(alice, name) == []


def test_the_list_is_given_in_pages(alice):
    name = fresh_name("Paged")
    rooms = {published(alice, name=f"{name} {n}") for n in range(5)}
    seen, since = [], None
    for _ in range(10):
        body = {"limit": 2, "filter": {"generic_search_term": name}} | ({"since": since} if since else {})
        page = alice.post("/publicRooms", body).ok()
        assert len(page["chunk"]) <= 2
        seen += [entry["room_id"] for entry in page["chunk"]]
        since = page.get("next_batch")
        if not since:
            break
    assert len(seen) == 5 and set(seen) == rooms


def test_rooms_are_found_by_type(alice):
    name = fresh_name("Typed")
    space = published(alice, name=name, creation_content={"type": "m.space"})
    plain = published(alice, name=name)

    def found(types):
        body = {"filter": {"generic_search_term": name, "room_types": types}}
        return {entry["room_id"] for entry in alice.post("/publicRooms", body).ok()["chunk"]}

    assert found(["m.space"]) == {space} and found([None]) == {plain} and found(["m.space", None]) == {space, plain}


def test_an_unknown_room_has_no_visibility(alice):
    alice.get(f"/directory/list/room/{q('!unknown:outside.test')}").refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize("body", [{"visibility": "sometimes"}, {"visibility": 5}], ids=str)
def test_bad_visibilities_are_refused(alice, body):
    answer = alice.put(f"/directory/list/room/{q(alice.create_room())}", body)
    assert answer.status == 400, answer


# -- profiles


def test_a_profile_is_set_and_read(alice, anyone):
    path = f"/profile/{q(alice.user_id)}"
    alice.put(f"{path}/displayname", {"displayname": "Alice \U0001f600"}).ok()
    alice.put(f"{path}/avatar_url", {"avatar_url": "mxc://outside.test/abc"}).ok()
    expected = {"displayname": "Alice \U0001f600", "avatar_url": "mxc://outside.test/abc"}
    whole = anyone.get(path).ok().json
    assert {key: whole.get(key) for key in expected} == expected
    for key, value in expected.items():
        assert anyone.get(f"{path}/{key}").ok().json == {key: value}


def test_a_profile_is_ones_own(alice, bob):
    bob.put(f"/profile/{q(alice.user_id)}/displayname", {"displayname": "Mallory"}).forbidden()


@pytest.mark.spec_only("Synapse says M_UNKNOWN")
def test_the_profile_of_nobody_is_not_found(anyone):
    anyone.get(f"/profile/{q('@nobody-at-all:outside.test')}").refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [("displayname", 5), ("displayname", "x" * 100_000), ("avatar_url", ["mxc://a/b"]), ("displayname", {"a": 1})],
    ids=["number", "too long", "array", "object"],
)
def test_bad_profiles_are_refused(alice, field, value):
    answer = alice.put(f"/profile/{q(alice.user_id)}/{field}", {field: value})
    assert answer.status in (400, 413), answer


def test_a_display_name_goes_into_new_memberships(alice, bob):
    bob.put(f"/profile/{q(bob.user_id)}/displayname", {"displayname": "Robert"}).ok()
    room = alice.create_room(preset="public_chat")
    bob.join(room)
    assert alice.get_state(room, "m.room.member", bob.user_id).ok()["displayname"] == "Robert"


# -- filters


def test_a_filter_is_stored_and_read(alice):
    filter = {"room": {"timeline": {"limit": 3, "types": ["m.room.message"]}}, "event_format": "client"}
    path = f"/user/{q(alice.user_id)}/filter"
    created = alice.post(path, filter).ok()["filter_id"]
    assert isinstance(created, str) and not created.startswith("{")
    assert alice.get(f"{path}/{q(created)}").ok().json == filter
    alice.get(f"{path}/99999").refused(404, "M_NOT_FOUND")


def test_filters_are_ones_own(alice, bob):
    path = f"/user/{q(alice.user_id)}/filter"
    created = alice.post(path, {}).ok()["filter_id"]
    bob.get(f"{path}/{q(created)}").refused(403, "M_FORBIDDEN")
    bob.post(path, {}).refused(403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param({"room": {"timeline": {"limit": "x"}}}, marks=SYNAPSE_FAILS),
        {"room": {"rooms": "x"}},
        pytest.param({"room": []}, marks=SYNAPSE_FAILS),
        {"event_fields": 5},
    ],
    ids=str,
)
def test_bad_filters_are_refused(alice, filter):
    alice.post(f"/user/{q(alice.user_id)}/filter", filter).refused(400)
