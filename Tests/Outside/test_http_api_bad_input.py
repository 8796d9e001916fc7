"""What a server must refuse, and that nothing of it stays behind or harms anybody else."""

import json
import socket

import pytest

from outside.client import bodies, q

SEND_TO_DEVICE = "PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"
SYNAPSE_FAILS = pytest.mark.spec_only("Synapse answers 500")


@pytest.fixture
def room(alice, bob):
    """A public room of Alice's with Bob in it."""
    made = alice.create_room(preset="public_chat")
    bob.join(made)
    return made


def send_raw(user, room, raw, kind="m.room.message"):
    return user.put(f"/rooms/{q(room)}/send/{kind}/{user.transaction()}", raw=raw)


def unharmed(alice, bob, room):
    """The room holds nothing new, and works."""
    chunk = alice.messages(room, limit=100).ok()["chunk"]
    assert {event["type"] for event in chunk} <= {
        "m.room.create",
        "m.room.member",
        "m.room.power_levels",
        "m.room.join_rules",
        "m.room.history_visibility",
        "m.room.guest_access",
    }
    alice.send(room, "still works")
    assert bodies(bob.messages(room, limit=1).ok()["chunk"]) == ["still works"]


NOT_JSON = {
    "empty": b"",
    "text": b"hello",
    "cut off": b'{"body": "x"',
    "single quotes": b"{'body': 'x'}",
    "trailing comma": b'{"body": "x",}',
    "two documents": b'{"body": "x"} {"body": "y"}',
    "comment": b'{"body": "x" /* no */}',
    "control character": b'{"body": "a\x01b"}',
    "bad escape": b'{"body": "\\q"}',
    "leading zero": b'{"n": 01}',
    "leading plus": b'{"n": +1}',
    "bare point": b'{"n": .5}',
    "hexadecimal": b'{"n": 0x10}',
    "bad utf-8": b'{"body": "\xff\xfe"}',
    "overlong utf-8": b'{"body": "\xc0\xaf"}',
    "utf-8 surrogate": b'{"body": "\xed\xa0\x80"}',
    "utf-16": '{"body": "x"}'.encode("utf-16"),
    "byte order mark twice": b'\xef\xbb\xbf\xef\xbb\xbf{"body": "x"}',
    "unquoted key": b'{body: "x"}',
    "nul": b"\0",
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_is_refused(alice, bob, room, name):
    send_raw(alice, room, NOT_JSON[name]).refused(400, "M_NOT_JSON")
    unharmed(alice, bob, room)


NOT_CANONICAL = {
    "fraction": b'{"n": 1.5}',
    "exponent": b'{"n": 1e3}',
    "fraction of zero": b'{"n": 1.0}',
    "deep fraction": b'{"a": [{"b": [0.1]}]}',
    "too large": b'{"n": 9007199254740992}',
    "too small": b'{"n": -9007199254740992}',
    "huge": b'{"n": 1' + b"0" * 400 + b"}",
    "infinity": b'{"n": Infinity}',
    "not a number": b'{"n": NaN}',
}


@pytest.mark.parametrize("name", NOT_CANONICAL)
@pytest.mark.parametrize("how", ["message", "state"])
def test_numbers_that_events_cannot_hold_are_refused(alice, bob, room, name, how):
    if how == "message":
        answer = send_raw(alice, room, NOT_CANONICAL[name], "org.example.kind")
    else:
        answer = alice.put(f"/rooms/{q(room)}/state/org.example.kind/k", raw=NOT_CANONICAL[name])
    answer.refused(400, "M_BAD_JSON", "M_NOT_JSON")
    unharmed(alice, bob, room)


@pytest.mark.spec_only("Synapse stores what no other server can read, or answers 500")
@pytest.mark.parametrize(
    "raw", [b'{"body": "\\ud800"}', b'{"body": "\\udc00\\ud800"}', b'{"\\ud800": 1}', b'{"a": ["x\\udfff"]}'], ids=str
)
def test_lone_surrogates_are_refused(alice, bob, room, raw):
    send_raw(alice, room, raw, "org.example.kind").refused(400, "M_BAD_JSON", "M_NOT_JSON")
    unharmed(alice, bob, room)


def test_paired_surrogates_are_characters(alice, room):
    event = send_raw(alice, room, b'{"body": "\\ud83d\\ude00"}', "org.example.kind").ok()["event_id"]
    assert alice.get(f"/rooms/{q(room)}/event/{q(event)}").ok()["content"] == {"body": "\U0001f600"}


@pytest.mark.parametrize("raw", [b"[]", b"5", b'"text"', b"null", b"true"], ids=str)
def test_what_is_not_an_object_is_refused(alice, bob, room, raw):
    send_raw(alice, room, raw).refused(400, "M_BAD_JSON", "M_NOT_JSON")
    unharmed(alice, bob, room)


@pytest.mark.parametrize(
    ("opening", "closing", "depth"),
    [(b'{"a":', b"}", 5_000), (b"[", b"]", 20_000), (b'[{"a":', b"}]", 5_000)],
    ids=["objects", "arrays", "both"],
)
def test_deep_nesting_is_refused(alice, bob, room, opening, closing, depth):
    raw = b'{"body": ' + opening * depth + b"1" + closing * depth + b"}"
    answer = send_raw(alice, room, raw, "org.example.kind")
    assert 400 <= answer.status < 500, answer
    unharmed(alice, bob, room)


def test_unclosed_nesting_is_refused(alice, bob, room):
    send_raw(alice, room, b'{"a":' * 8_000).refused(400, "M_NOT_JSON", "M_BAD_JSON")
    unharmed(alice, bob, room)


# -- sizes


def test_an_event_has_a_greatest_size(alice, bob, room):
    answer = alice.send_event(room, "org.example.kind", {"body": "x" * 66_000})
    answer.refused(413, "M_TOO_LARGE")
    unharmed(alice, bob, room)
    alice.send_event(room, "org.example.kind", {"body": "x" * 60_000}).ok()


@pytest.mark.parametrize("what", ["type", "state key"])
def test_types_and_state_keys_have_a_greatest_length(alice, bob, room, what):
    kind, key = ("k" * 256, "") if what == "type" else ("org.example.kind", "k" * 256)
    answer = alice.set_state(room, kind, {}, key)
    assert answer.status in (400, 413), answer
    unharmed(alice, bob, room)


def test_lengths_are_counted_in_bytes(alice, bob, room):
    answer = alice.set_state(room, "org.example.kind", {}, "ü" * 128)
    assert answer.status in (400, 413), answer
    unharmed(alice, bob, room)


def test_a_request_has_a_greatest_size(alice, bob, room):
    answer = send_raw(alice, room, b'{"body": "' + b"x" * 8_000_000 + b'"}', "org.example.kind")
    assert answer.status == 413, answer
    unharmed(alice, bob, room)


# -- wrong types: (method, path, body)


def different(method, path, body, *marks):
    """A row that Synapse lets through, or answers 500 to, although the specification gives the field a type."""
    return pytest.param(method, path, body, marks=[pytest.mark.spec_only("Synapse does not check this type"), *marks])


WRONG_TYPES = [
    ("POST", "/createRoom", {"invite": [5]}),
    different("POST", "/createRoom", {"room_alias_name": 5}),
    ("POST", "/createRoom", {"topic": ["x"]}),
    different("POST", "/rooms/{room}/invite", {"user_id": 5}),
    ("POST", "/rooms/{room}/invite", {}),
    ("POST", "/rooms/{room}/kick", {"user_id": ["@a:b"]}),
    ("POST", "/rooms/{room}/kick", {}),
    different("POST", "/rooms/{room}/ban", {"user_id": None}),
    ("POST", "/rooms/{room}/unban", {}),
    different("PUT", "/rooms/{room}/typing/{me}", {"typing": "yes"}),
    different("PUT", "/rooms/{room}/typing/{me}", {}),
    ("PUT", "/rooms/{room}/state/m.room.power_levels/", {"users": []}),
    ("PUT", "/rooms/{room}/state/m.room.power_levels/", {"ban": "high"}),
    ("PUT", "/rooms/{room}/state/m.room.power_levels/", {"users": {"not a user": 5}}),
    ("PUT", "/rooms/{room}/state/m.room.member/{me}", {"membership": "dancing"}),
    ("PUT", "/rooms/{room}/state/m.room.member/{me}", {"membership": 5}),
    ("PUT", "/rooms/{room}/state/m.room.member/{me}", {}),
    ("PUT", "/directory/room/%23x:outside.test", {}),
    ("PUT", "/directory/room/%23x:outside.test", {"room_id": 5}),
    ("POST", "/login", {}),
    ("POST", "/login", {"type": 5}),
    ("POST", "/login", {"type": "m.login.password"}),
    ("POST", "/login", {"type": "m.login.password", "identifier": "alice", "password": "x"}),
    ("POST", "/login", {"type": "m.login.password", "identifier": {"type": "m.id.user"}, "password": "x"}),
    ("POST", "/login", {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "a"}, "password": 5}),
    ("POST", "/register", {"username": 5, "password": "x", "auth": {"type": "m.login.dummy"}}),
    ("POST", "/register", {"username": "zoe", "password": 5, "auth": {"type": "m.login.dummy"}}),
    ("POST", "/register", {"username": "zoe", "password": "x", "auth": "dummy"}),
    pytest.param("PUT", "/sendToDevice/org.example/t", {}, marks=pytest.mark.uses(SEND_TO_DEVICE)),
    different("PUT", "/sendToDevice/org.example/t", {"messages": []}, pytest.mark.uses(SEND_TO_DEVICE)),
    different("PUT", "/sendToDevice/org.example/t", {"messages": {"{me}": {"*": 5}}}, pytest.mark.uses(SEND_TO_DEVICE)),
    different("POST", "/publicRooms", {"limit": "x"}),
    different("POST", "/publicRooms", {"filter": 5}),
    different("PUT", "/user/{me}/rooms/{room}/tags/u.x", {"order": "first"}),
    ("POST", "/delete_devices", {"devices": "X"}),
    ("PUT", "/devices/{mine}", {"display_name": 5}),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), WRONG_TYPES, ids=lambda value: value if isinstance(value, str) else json.dumps(value)
)
def test_wrong_types_are_refused(alice, bob, room, method, path, body):
    path = path.format(room=q(room), me=q(alice.user_id), mine=q(alice.device_id))
    body = json.loads(json.dumps(body).replace("{me}", alice.user_id))
    answer = alice.ask(method, path, body)
    # The rules of authorisation ask for a shape of some state, too.
    assert answer.status in ({400, 403} if "/state/" in path else {400}), answer
    assert answer.errcode in (
        "M_BAD_JSON",
        "M_MISSING_PARAM",
        "M_INVALID_PARAM",
        "M_UNKNOWN",
        "M_INVALID_USERNAME",
        "M_NOT_JSON",
        "M_FORBIDDEN",
    ), answer
    unharmed(alice, bob, room)


def test_unknown_fields_do_no_harm(alice, room):
    body = {"user_id": "@someone:outside.test", "org.example.unknown": {"deep": [1, 2]}, "": None}
    alice.post(f"/rooms/{q(room)}/invite", body).ok()


def test_a_key_given_twice_does_not_confuse(alice, room):
    """Either the last one counts everywhere, or the body is refused; never one here and another there."""
    answer = send_raw(alice, room, b'{"body": "first", "body": "last"}', "org.example.kind")
    if answer.status == 200:
        assert alice.get(f"/rooms/{q(room)}/event/{q(answer['event_id'])}").ok()["content"] == {"body": "last"}
    else:
        answer.refused(400, "M_BAD_JSON", "M_NOT_JSON")


# -- identifiers

BAD_ROOMS = ["nonsense", "!", "!:", "#alias:outside.test", "@user:outside.test", "!a:b:c:d", "!" + "a" * 300, "!ü"]
READS = [
    "state",
    "members",
    "joined_members",
    "messages?dir=b",
    "state/m.room.name",
    "event/$x",
    "context/$x",
    "aliases",
]


@pytest.mark.parametrize("room_id", BAD_ROOMS)
@pytest.mark.parametrize("what", READS)
def test_bad_room_ids_are_refused(alice, room_id, what):
    answer = alice.get(f"/rooms/{q(room_id)}/{what}")
    assert answer.status in (400, 403, 404), answer
    assert answer.errcode, answer


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=() if what == "event/$x" else SYNAPSE_FAILS) for what in READS]
)
def test_a_nul_in_a_room_id_is_refused(alice, what):
    answer = alice.get(f"/rooms/!a%00b:outside.test/{what}")
    assert answer.status in (400, 403, 404), answer
    assert answer.errcode, answer


@pytest.mark.parametrize("what", READS)
def test_unknown_rooms_and_forbidden_rooms_look_alike(alice, bob, what):
    """Whether a room exists is not for outsiders to learn."""
    hidden = alice.create_room()
    unknown = hidden[:-2] + ("AA" if hidden[-2:] != "AA" else "BB")
    answers = [bob.get(f"/rooms/{q(room)}/{what}") for room in (hidden, unknown)]
    for answer in answers:
        assert (answer.status, answer.errcode) in [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND")], answer


WRITES = [
    ("PUT", "send/m.room.message/t", {"msgtype": "m.text", "body": "x"}),
    ("PUT", "state/m.room.name/", {"name": "x"}),
    ("PUT", "redact/$x/t", {}),
    ("POST", "invite", {"user_id": "@x:outside.test"}),
    ("POST", "kick", {"user_id": "@x:outside.test"}),
    ("POST", "ban", {"user_id": "@x:outside.test"}),
    ("PUT", "typing/ME", {"typing": True, "timeout": 1000}),
]


@pytest.mark.parametrize("room_id", ["nonsense", "!unknown:outside.test", "!unknownunknownunknownunknownunknownunknow"])
@pytest.mark.parametrize(("method", "what", "body"), WRITES, ids=[what for _, what, _ in WRITES])
def test_writes_to_unknown_rooms_are_refused(alice, room_id, method, what, body):
    answer = alice.ask(method, f"/rooms/{q(room_id)}/{what}".replace("ME", q(alice.user_id)), body)
    assert answer.status in (400, 403, 404), answer
    assert answer.errcode, answer


@pytest.mark.parametrize("user", ["nonsense", "@", "@nocolon", "!x:outside.test", "@a:" + "b" * 300, ""])
@pytest.mark.parametrize("action", ["invite", "ban", "kick"])
def test_bad_user_ids_are_refused(alice, bob, room, user, action):
    answer = alice.post(f"/rooms/{q(room)}/{action}", {"user_id": user})
    assert answer.status in (400, 403, 413), answer
    unharmed(alice, bob, room)


# -- HTTP itself


def talk(homeserver, raw, *, end=True, seconds=10):
    """What a server answers to raw bytes, up to the end of the connection or of the time."""
    host, port = homeserver.base_urls[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        received = b""
        try:
            connection.sendall(raw)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except OSError:
            pass
        return received


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /_matrix/client/versions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n{}",
        b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["nonsense", "version", "negative length", "two lengths", "bad chunk", "long path", "long header", "tls"],
)
def test_bad_http_harms_nobody(homeserver, anyone, raw):
    answer = talk(homeserver, raw)
    assert not answer.startswith(b"HTTP/1.1 200"), answer[:200]
    anyone.get("/_matrix/client/versions").ok()


@pytest.mark.parametrize(
    "path", ["/_matrix/client/v3/rooms/%ff%fe/state", "/_matrix/client/v3/%", "/_matrix/../x", "//"]
)
def test_bad_paths_harm_nobody(alice, homeserver, path):
    raw = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.token}\r\nConnection: close\r\n\r\n".encode()
    status = int(talk(homeserver, raw, end=False).split(b" ")[1])
    # An operator's own pages may answer outside of `/_matrix`.
    assert 200 < status < 500


def test_a_body_of_another_content_type_is_still_json(alice, room):
    """Many programs send no content type, or a wrong one."""
    path = f"/rooms/{q(room)}/send/m.room.message/{alice.transaction()}"
    raw = b'{"msgtype": "m.text", "body": "x"}'
    alice.put(path, raw=raw, headers={"Content-Type": "application/octet-stream"}).ok()
