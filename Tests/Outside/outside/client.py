"""A plain Matrix client: it sends what it is told, right or wrong, and shows what came back."""

import itertools
import json
import secrets
import time
from urllib.parse import quote

import requests

V3 = "/_matrix/client/v3"
REQUEST_SECONDS = 60

_names = itertools.count()


def q(text):
    """Text as one segment of a path."""
    return quote(text, safe="")


class Answer:
    """What a server answered."""

    def __init__(self, response):
        self.status = response.status_code
        self.headers = response.headers
        self.bytes = response.content
        self._request = f"{response.request.method} {response.request.url}"
        try:
            self.json = json.loads(self.bytes.decode())
        except ValueError:
            self.json = None

    def __getitem__(self, key):
        assert isinstance(self.json, dict) and key in self.json, f"no `{key}` in {self}"
        return self.json[key]

    def get(self, key, default=None):
        return self.json.get(key, default)

    @property
    def errcode(self):
        return self.json.get("errcode") if isinstance(self.json, dict) else None

    def ok(self):
        assert self.status == 200, f"expected 200: {self}"
        return self

    def refused(self, status, *errcodes):
        """The answer is an error of this status with one of these codes, in the standard shape."""
        assert self.status == status, f"expected {status} {errcodes}: {self}"
        if errcodes:
            assert self.errcode in errcodes, f"expected {status} {errcodes}: {self}"
        assert isinstance(self.json, dict) and isinstance(self.json.get("error", ""), str), f"not an error: {self}"
        return self

    def forbidden(self):
        """The answer says `M_FORBIDDEN`, with the status of that code or as a bad request."""
        assert self.status in (400, 403) and self.errcode == "M_FORBIDDEN", f"expected M_FORBIDDEN: {self}"
        return self

    def __repr__(self):
        return f"{self._request} -> {self.status} {self.bytes[:600]!r}"


class Client:
    """Requests to one homeserver: all by one `way`, or in turn by each of the given base URLs.

    The first one leads to every role of the server. Media, which client-API workers do not serve, always goes there.
    """

    def __init__(self, base_urls, token=None, *, way=None):
        urls = [base_urls] if isinstance(base_urls, str) else list(base_urls)
        self.base_urls = urls
        self.token = token
        self.way = way
        self._turn = itertools.cycle([way] if way else urls)
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, method, path, body=None, *, query=None, token=..., raw=None, headers=None, timeout=REQUEST_SECONDS):
        """`body` is sent as JSON; `raw` as it is. `token=None` leaves the access token out."""
        headers = dict(headers or {})
        token = self.token if token is ... else token
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            headers.setdefault("Content-Type", "application/json")
        if path.startswith("/") and not path.startswith(("/_", "/.well-known")):
            path = V3 + path
        url = (self.base_urls[0] if "/media/" in path else next(self._turn)) + path
        return Answer(
            self._session.request(
                method, url, params=query, data=raw, headers=headers, timeout=timeout, allow_redirects=False
            )
        )

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, {} if body is None and "raw" not in options else body, **options)

    def put(self, path, body=None, **options):
        return self.ask("PUT", path, {} if body is None and "raw" not in options else body, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)


class User(Client):
    """A registered user on one device."""

    def __init__(self, base_urls, answer, password, *, way=None):
        super().__init__(base_urls, answer["access_token"], way=way)
        self.user_id = answer["user_id"]
        self.device_id = answer["device_id"]
        self.password = password
        self._transactions = itertools.count()

    def by(self, base_url):
        """The same user and device, whose requests all go one way."""
        answer = {"access_token": self.token, "user_id": self.user_id, "device_id": self.device_id}
        return User(base_url, answer, self.password)

    @property
    def localpart(self):
        return self.user_id[1:].split(":")[0]

    @property
    def server_name(self):
        return self.user_id.split(":", 1)[1]

    # -- rooms

    def create_room(self, **options):
        return self.post("/createRoom", options).ok()["room_id"]

    def join(self, room, via=()):
        return self.post(f"/join/{q(room)}", query=[("server_name", name) for name in via] or None).ok()["room_id"]

    def invite(self, room, user):
        return self.post(f"/rooms/{q(room)}/invite", {"user_id": user.user_id}).ok()

    def leave(self, room):
        return self.post(f"/rooms/{q(room)}/leave").ok()

    def transaction(self):
        return f"t{next(self._transactions)}-{secrets.token_hex(4)}"

    def send_event(self, room, kind, content, transaction=None):
        path = f"/rooms/{q(room)}/send/{q(kind)}/{q(transaction or self.transaction())}"
        return self.put(path, content)

    def send(self, room, text, **more):
        return self.send_event(room, "m.room.message", {"msgtype": "m.text", "body": text, **more}).ok()["event_id"]

    def set_state(self, room, kind, content, key=""):
        return self.put(f"/rooms/{q(room)}/state/{q(kind)}/{q(key)}", content)

    def get_state(self, room, kind, key=""):
        return self.get(f"/rooms/{q(room)}/state/{q(kind)}/{q(key)}")

    def redact(self, room, event, **body):
        path = f"/rooms/{q(room)}/redact/{q(event)}/{q(self.transaction())}"
        return self.put(path, body).ok()["event_id"]

    def messages(self, room, **query):
        return self.get(f"/rooms/{q(room)}/messages", query={"dir": "b", **query})

    def membership(self, room, user):
        answer = self.get_state(room, "m.room.member", user.user_id)
        return answer["membership"] if answer.status == 200 else None

    def member_event(self, room, user):
        """The membership event of a user with everything around its content."""
        events = self.get(f"/rooms/{q(room)}/members").ok()["chunk"]
        return next((event for event in events if event["state_key"] == user.user_id), None)

    # -- sync

    def sync(self, since=None, timeout=0, **query):
        """One sync; a filter may be given as a dict."""
        query = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in query.items()}
        if since is not None:
            query["since"] = since
        return self.get("/sync", query={"timeout": timeout, **query}, timeout=REQUEST_SECONDS + timeout / 1000).ok()

    def sync_until(self, found, since=None, seconds=15, **query):
        """Syncs on until `found(sync)` is true; returns that sync. Asserts that it comes within the time."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.sync(since=since, timeout=0 if since is None else 1000, **query)
            value = found(answer)
            if value:
                return answer
            assert time.monotonic() < deadline, f"what was waited for did not come within {seconds} s: {answer}"
            since = answer["next_batch"]

    def settle(self, room, found):
        """Waits until every way into the server shows an event of a room for which `found(event)` is true.

        A worker may learn of what another one wrote a moment later. Returns a token that is past the event.
        """
        for url in self.base_urls:
            sync = self.by(url).sync_until(lambda sync: any(found(event) for event in timeline(sync, room)))
        return sync["next_batch"]


def joined(sync, room):
    """A room's part of a sync; an empty one when the room is not in it."""
    return sync.json.get("rooms", {}).get("join", {}).get(room, {})


def timeline(sync, room):
    return joined(sync, room).get("timeline", {}).get("events", [])


def bodies(events):
    return [event["content"]["body"] for event in events if "body" in event.get("content", {})]


def ephemeral(sync, room, kind):
    events = joined(sync, room).get("ephemeral", {}).get("events", [])
    return [event["content"] for event in events if event["type"] == kind]


def eventually(check, seconds=30):
    """The value of `check()` once it is true; asserts that this happens in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.3)


def fresh_name(name="user"):
    return f"{name}-{next(_names)}-{secrets.token_hex(3)}"


def register(base_urls, name="user", *, exact=False, way=None, **body):
    """Registers a user with the dummy stage, as a client does. Returns a `User`."""
    password = "correct horse battery staple"
    client = Client(base_urls, way=way)
    body = {
        "username": name if exact else fresh_name(name),
        "password": password,
        "auth": {"type": "m.login.dummy"},
        **body,
    }
    return User(client.base_urls, client.post("/register", body).ok(), password, way=way)
