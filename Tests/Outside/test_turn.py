"""What a user is given for calls opens a real relay (coturn), for as long as it says and for nobody else."""

import base64
import hashlib
import hmac
import secrets
import shutil
import time

import pytest

from outside.client import Client, register
from outside.turn import Refused, Relay, allocate

pytestmark = [
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed"),
    pytest.mark.apus_only("Synapse is configured otherwise"),
    pytest.mark.rests_on("GET /_matrix/client/v3/voip/turnServer"),
]

SECONDS_TO_LIVE = 600


@pytest.fixture(scope="module")
def secret():
    return secrets.token_hex(16)


@pytest.fixture(scope="module")
def relay(data_folder, secret):
    relay = Relay(data_folder / "relay", secret).start()
    yield relay
    relay.stop()


@pytest.fixture(scope="module")
def server(start_homeserver, data_folder, relay, secret):
    file = data_folder / "turn.secret"
    file.write_text(secret + "\n")
    turn = {"uris": [relay.uri], "shared_secret": {"file": str(file)}, "ttl_seconds": SECONDS_TO_LIVE}
    return start_homeserver("calls", single=True, settings={"turn": turn})


@pytest.fixture(scope="module")
def alice(server):
    return register(server.base_urls, "alice")


def test_the_relay_takes_what_a_user_is_given(alice):
    given = alice.get("/voip/turnServer").ok()
    expires, user_id = given["username"].split(":", 1)
    assert user_id == alice.user_id
    assert given["ttl"] == SECONDS_TO_LIVE
    assert abs(int(expires) - time.time() - SECONDS_TO_LIVE) < 60
    assert allocate(given["uris"][0], given["username"], given["password"]) > 0


def test_guests_can_take_part_in_calls(server):
    guest = Client(server.base_urls).post("/register", {}, query={"kind": "guest"}).ok()
    given = Client(server.base_urls).get("/voip/turnServer", token=guest["access_token"]).ok()
    assert allocate(given["uris"][0], given["username"], given["password"]) > 0


def test_nobody_changes_for_whom_or_for_how_long_it_is(alice):
    given = alice.get("/voip/turnServer").ok()
    expires, user_id = given["username"].split(":", 1)
    for username in (f"{int(expires) + 1}:{user_id}", f"{expires}:{user_id}x"):
        with pytest.raises(Refused) as refused:
            allocate(given["uris"][0], username, given["password"])
        assert refused.value.code == 401


def test_what_is_over_opens_nothing(relay, secret, alice):
    """The relay itself looks at the time: what we sign is what it reads."""
    username = f"{int(time.time()) - 10}:{alice.user_id}"
    password = base64.b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()
    with pytest.raises(Refused) as refused:
        allocate(relay.uri, username, password)
    assert refused.value.code == 401


def test_strangers_are_given_nothing(server):
    Client(server.base_urls).get("/voip/turnServer").refused(401, "M_MISSING_TOKEN")
