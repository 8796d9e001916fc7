"""Push rules, pushers, and what reaches a push gateway."""

import contextlib
import http.server
import json
import threading
import time

import pytest

from outside.client import q

NOTIFY = "/_matrix/push/v1/notify"


class Gateway:
    """A push gateway on loopback: it keeps what it is told, and can be made to fail."""

    def __init__(self):
        self.received = []
        self.failing = False
        self.rejected = []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.received.append((self.path, None if gateway.failing else json.loads(body)))
                answer = json.dumps({"rejected": gateway.rejected}).encode()
                self.send_response(502 if gateway.failing else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{NOTIFY}"

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def notifications(self):
        return [body["notification"] for _, body in self.received if body]

    def wait(self, found, seconds=15):
        deadline = time.monotonic() + seconds
        while not found(self.notifications()):
            assert time.monotonic() < deadline, f"the gateway was told only {self.received}"
            time.sleep(0.1)
        return self.notifications()


@pytest.fixture
def gateway():
    with Gateway().running() as gateway:
        yield gateway


def pusher(gateway, **data):
    return {
        "kind": "http",
        "app_id": "org.example.app",
        "pushkey": "a-key",
        "app_display_name": "App",
        "device_display_name": "Phone",
        "lang": "en",
        "data": {"url": gateway.url, **data},
    }


@pytest.fixture
def room(alice, bob):
    made = alice.create_room(preset="public_chat", name="A room")
    bob.join(made)
    return made


def for_events(notifications):
    return [n for n in notifications if n.get("event_id")]


# -- rules


@pytest.mark.uses("GET /_matrix/client/v3/pushrules/")
def test_the_default_rules(alice):
    rules = alice.get("/pushrules/").ok()["global"]
    names = {kind: [rule["rule_id"] for rule in rules[kind]] for kind in rules}
    assert names["override"][0] == ".m.rule.master"
    assert {
        ".m.rule.suppress_notices",
        ".m.rule.invite_for_me",
        ".m.rule.member_event",
        ".m.rule.is_user_mention",
        ".m.rule.is_room_mention",
        ".m.rule.tombstone",
        ".m.rule.reaction",
        ".m.rule.room.server_acl",
        ".m.rule.suppress_edits",
    } <= set(names["override"])
    assert {
        ".m.rule.call",
        ".m.rule.encrypted_room_one_to_one",
        ".m.rule.room_one_to_one",
        ".m.rule.message",
        ".m.rule.encrypted",
    } <= set(names["underride"])
    assert all(rule["default"] is True for kind in rules for rule in rules[kind])


# -- pushers


def test_a_pusher_is_set_listed_and_removed(alice, gateway):
    assert alice.get("/pushers").ok()["pushers"] == []
    wanted = pusher(gateway, format="event_id_only")
    alice.post("/pushers/set", wanted).ok()
    (found,) = alice.get("/pushers").ok()["pushers"]
    assert {key: found[key] for key in wanted} == wanted
    alice.post("/pushers/set", {"kind": None, "app_id": "org.example.app", "pushkey": "a-key"}).ok()
    assert alice.get("/pushers").ok()["pushers"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"data": {}},
        {"data": {"url": "not a url"}},
        pytest.param({"kind": "pigeon"}, marks=pytest.mark.spec_only("Synapse keeps what it cannot push to")),
        {"app_id": None},
        pytest.param({"pushkey": 5}, marks=pytest.mark.spec_only("Synapse answers 500")),
        {"lang": None},
    ],
    ids=str,
)
def test_bad_pushers_are_refused(alice, gateway, change):
    body = {key: value for key, value in (pusher(gateway) | change).items() if value is not None}
    alice.post("/pushers/set", body).refused(400)


# -- notifications


def test_a_message_reaches_the_gateway(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    event = alice.send(room, "hello there")
    (notification, *_) = gateway.wait(for_events)
    assert gateway.received[0][0] == NOTIFY
    assert notification["event_id"] == event and notification["room_id"] == room
    assert notification["type"] == "m.room.message" and notification["sender"] == alice.user_id
    assert notification["content"] == {"msgtype": "m.text", "body": "hello there"}
    assert notification["room_name"] == "A room" and notification["sender_display_name"] == alice.localpart
    assert notification["counts"]["unread"] >= 1
    assert notification.get("prio", "high") in ("high", "low")
    (device,) = notification["devices"]
    assert device["app_id"] == "org.example.app" and device["pushkey"] == "a-key"
    assert isinstance(device["pushkey_ts"], int) and "url" not in device.get("data", {})


def test_only_the_event_id_when_that_is_the_format(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway, format="event_id_only")).ok()
    event = alice.send(room, "secret words")
    (notification, *_) = gateway.wait(for_events)
    assert notification["event_id"] == event and notification["room_id"] == room
    assert not {"content", "sender", "type", "room_name"} & set(notification)


def test_ones_own_messages_and_notices_are_silent(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    bob.send(room, "my own")
    alice.send_event(room, "m.room.message", {"msgtype": "m.notice", "body": "a notice"}).ok()
    last = alice.send(room, "aloud")
    assert [n["event_id"] for n in for_events(gateway.wait(for_events))] == [last]


def test_a_highlight_has_its_sound(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    alice.send(room, "you!", **{"m.mentions": {"user_ids": [bob.user_id]}})
    (notification, *_) = gateway.wait(for_events)
    assert notification["devices"][0]["tweaks"]["highlight"] is True
    assert notification["devices"][0]["tweaks"]["sound"] == "default"


def test_an_invitation_reaches_the_gateway(alice, bob, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    room = alice.create_room(name="Party", invite=[bob.user_id])
    (notification, *_) = gateway.wait(for_events)
    assert notification["room_id"] == room and notification["type"] == "m.room.member"
    assert notification["user_is_target"] is True and notification["membership"] == "invite"


def test_reading_tells_the_gateway_the_new_count(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    event = alice.send(room, "hello")
    gateway.wait(for_events)
    bob.post(f"/rooms/{q(room)}/receipt/m.read/{q(event)}").ok()
    gateway.wait(lambda all: any(not n.get("event_id") and n["counts"].get("unread", 0) == 0 for n in all), seconds=30)


def test_a_gateway_that_is_down_is_tried_again(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    gateway.failing = True
    event = alice.send(room, "are you there?")
    deadline = time.monotonic() + 15
    while not gateway.received:
        assert time.monotonic() < deadline, "the gateway was not asked"
        time.sleep(0.1)
    gateway.failing = False
    assert event in [n["event_id"] for n in for_events(gateway.wait(for_events, seconds=60))]


def test_a_rejected_pushkey_is_forgotten(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    gateway.rejected = ["a-key"]
    alice.send(room, "hello")
    gateway.wait(for_events)
    deadline = time.monotonic() + 10
    while bob.get("/pushers").ok()["pushers"]:
        assert time.monotonic() < deadline, "the pusher is still there"
        time.sleep(0.2)


def test_logging_out_removes_the_pushers(alice, bob, room, gateway):
    bob.post("/pushers/set", pusher(gateway)).ok()
    bob.post("/logout").ok()
    alice.send(room, "to nobody")
    time.sleep(2)
    assert for_events(gateway.notifications()) == []
