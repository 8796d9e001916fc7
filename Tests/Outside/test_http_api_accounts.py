"""Registration, login, tokens, devices and the account itself."""

import hashlib
import hmac

import pytest

from outside.client import V3, Client, User, fresh_name, q

PASSWORD = "correct horse battery staple"
DUMMY = {"type": "m.login.dummy"}


def log_in(user, **more):
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user.user_id},
        "password": user.password,
    }
    return user.post("/login", body | more, token=None)


def second_device(user, **more):
    return User(user.base_urls, log_in(user, **more).ok(), user.password)


# -- what a server says of itself


def test_versions_need_no_token(anyone):
    answer = anyone.get("/_matrix/client/versions").ok()
    assert "v1.11" in answer["versions"]
    assert isinstance(answer.get("unstable_features", {}), dict)


def test_capabilities_name_the_room_versions(alice):
    versions = alice.get("/capabilities").ok()["capabilities"]["m.room_versions"]
    assert {"10", "11", "12"} <= set(versions["available"])
    assert versions["available"][versions["default"]] == "stable"


def test_capabilities_need_a_token(anyone):
    anyone.get("/capabilities").refused(401, "M_MISSING_TOKEN")


def test_login_offers_passwords(anyone):
    assert {"type": "m.login.password"} in [{"type": flow["type"]} for flow in anyone.get("/login").ok()["flows"]]


def test_cross_origin_requests_are_allowed(anyone):
    for answer in (anyone.get("/_matrix/client/versions"), anyone.get("/account/whoami")):
        assert answer.headers.get("Access-Control-Allow-Origin") == "*"
    preflight = anyone.ask("OPTIONS", "/sync")
    assert preflight.status in (200, 204)
    assert "authorization" in preflight.headers.get("Access-Control-Allow-Headers", "").lower()


def test_an_unknown_path_is_unrecognized(anyone):
    anyone.get("/no/such/endpoint").refused(404, "M_UNRECOGNIZED")


def test_a_known_path_with_another_method_is_refused(alice):
    alice.delete("/account/whoami").refused(405, "M_UNRECOGNIZED")


# -- registration


def test_registration_asks_for_a_stage_and_completes_with_its_session(anyone):
    body = {"username": fresh_name(), "password": PASSWORD}
    challenge = anyone.post("/register", body)
    assert challenge.status == 401
    assert ["m.login.dummy"] in [flow["stages"] for flow in challenge["flows"]]
    assert isinstance(challenge["session"], str)
    assert isinstance(challenge.get("params", {}), dict)
    answer = anyone.post("/register", body | {"auth": DUMMY | {"session": challenge["session"]}}).ok()
    assert answer["user_id"].startswith(f"@{body['username']}:")
    assert anyone.get("/account/whoami", token=answer["access_token"]).ok()["user_id"] == answer["user_id"]


def test_registration_without_login_gives_no_token(anyone):
    body = {"username": fresh_name(), "password": PASSWORD, "auth": DUMMY, "inhibit_login": True}
    answer = anyone.post("/register", body).ok()
    assert "user_id" in answer.json and "access_token" not in answer.json and "device_id" not in answer.json


def test_registration_keeps_the_device_that_was_asked_for(anyone):
    body = {"username": fresh_name(), "password": PASSWORD, "auth": DUMMY, "device_id": "PHONE"}
    body |= {"initial_device_display_name": "My phone"}
    answer = anyone.post("/register", body).ok()
    assert answer["device_id"] == "PHONE"
    device = anyone.get("/devices/PHONE", token=answer["access_token"]).ok()
    assert device["display_name"] == "My phone"


def test_registration_invents_a_name(anyone):
    answer = anyone.post("/register", {"password": PASSWORD, "auth": DUMMY}).ok()
    assert len(answer["user_id"].split(":")[0]) > 1


@pytest.mark.parametrize("name", ["with space", "a:b", "ümlaut", "tab\t", "a" * 300, "@sigil", "comma,"])
def test_registration_refuses_a_bad_name(anyone, name):
    body = {"username": name, "password": PASSWORD, "auth": DUMMY}
    anyone.post("/register", body).refused(400, "M_INVALID_USERNAME")


def test_registration_refuses_a_name_in_use(anyone, alice):
    body = {"username": alice.localpart, "password": PASSWORD, "auth": DUMMY}
    anyone.post("/register", body).refused(400, "M_USER_IN_USE")


def test_upper_case_names_are_not_other_users(anyone, alice):
    answer = anyone.post("/register", {"username": alice.localpart.upper(), "password": PASSWORD, "auth": DUMMY})
    answer.refused(400, "M_USER_IN_USE", "M_INVALID_USERNAME")


def test_availability_of_names(anyone, alice):
    def available(name):
        return anyone.get("/register/available", query={"username": name})

    assert available(fresh_name()).ok()["available"] is True
    available(alice.localpart).refused(400, "M_USER_IN_USE")
    available("no spaces").refused(400, "M_INVALID_USERNAME")


def test_an_unknown_registration_token_is_not_valid(anyone):
    path = "/_matrix/client/v1/register/m.login.registration_token/validity"
    assert anyone.get(path, query={"token": "nobody-made-this"}).ok()["valid"] is False


def test_registration_by_shared_secret(anyone, homeserver):
    path = "/_synapse/admin/v1/register"
    name = fresh_name("secret")

    def proof(nonce, name=name):
        text = "\0".join([nonce, name, PASSWORD, "notadmin"]).encode()
        return hmac.new(homeserver.shared_secret.encode(), text, hashlib.sha1).hexdigest()

    nonce = anyone.get(path).ok()["nonce"]
    body = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": False}
    anyone.post(path, body | {"mac": "0" * 40}).refused(403)
    anyone.post(path, body | {"nonce": "made up", "mac": proof("made up")}).refused(400)
    nonce = anyone.get(path).ok()["nonce"]
    answer = anyone.post(path, body | {"nonce": nonce, "mac": proof(nonce)}).ok()
    assert anyone.get("/account/whoami", token=answer["access_token"]).ok()["user_id"] == answer["user_id"]
    # A nonce serves once.
    anyone.post(path, body | {"nonce": nonce, "username": name + "2", "mac": proof(nonce, name + "2")}).refused(400)


# -- login and tokens


@pytest.mark.parametrize(
    "identify",
    [
        lambda user: {"identifier": {"type": "m.id.user", "user": user.localpart}},
        lambda user: {"identifier": {"type": "m.id.user", "user": user.user_id}},
        lambda user: {"user": user.localpart},
    ],
    ids=["localpart", "user id", "deprecated field"],
)
def test_login_by(alice, identify):
    body = {"type": "m.login.password", "password": alice.password, **identify(alice)}
    answer = alice.post("/login", body, token=None).ok()
    assert answer["user_id"] == alice.user_id
    assert answer["device_id"] != alice.device_id
    assert alice.get("/account/whoami", token=answer["access_token"]).ok()["device_id"] == answer["device_id"]


@pytest.mark.parametrize(
    ("change", "status", "errcode"),
    [
        ({"password": "wrong"}, 403, "M_FORBIDDEN"),
        ({"identifier": {"type": "m.id.user", "user": "nobody-of-this-name"}}, 403, "M_FORBIDDEN"),
        ({"type": "m.login.nonsense"}, 400, "M_UNKNOWN"),
        ({"identifier": {"type": "m.id.nonsense"}}, 400, "M_UNKNOWN"),
    ],
    ids=["wrong password", "unknown user", "unknown type", "unknown identifier"],
)
def test_login_refuses(alice, change, status, errcode):
    log_in(alice, **change).refused(status, errcode)


@pytest.mark.parametrize("prefix", ["/_matrix/client/r0", "/_matrix/client/v3"])
def test_old_and_new_prefixes_answer_alike(alice, prefix):
    assert alice.get(f"{prefix}/account/whoami").ok()["user_id"] == alice.user_id


def test_the_token_may_stand_in_the_query(alice):
    answer = alice.get("/account/whoami", token=None, query={"access_token": alice.token}).ok()
    assert answer["user_id"] == alice.user_id


@pytest.mark.parametrize("path", ["/account/whoami", "/sync", "/joined_rooms", "/devices", "/rooms/!x/state"])
def test_a_missing_token_is_refused(anyone, path):
    anyone.get(path).refused(401, "M_MISSING_TOKEN")


@pytest.mark.parametrize("token", ["nonsense", "apus_YWxpY2U_nonsense", "x" * 4000])
def test_an_unknown_token_is_refused(anyone, token):
    anyone.get("/account/whoami", token=token).refused(401, "M_UNKNOWN_TOKEN")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YWxpY2U6cHc=", "bogus"])
def test_a_malformed_authorization_header_is_refused(anyone, header):
    anyone.get("/account/whoami", headers={"Authorization": header}).refused(401, "M_MISSING_TOKEN", "M_UNKNOWN_TOKEN")


def test_logout_ends_one_device(alice):
    other = second_device(alice)
    other.post("/logout").ok()
    other.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")
    alice.get("/account/whoami").ok()
    assert other.device_id not in [device["device_id"] for device in alice.get("/devices").ok()["devices"]]


def test_logout_all_ends_every_device(alice):
    other = second_device(alice)
    other.post("/logout/all").ok()
    for user in (alice, other):
        user.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")


@pytest.mark.spec_only("the server will invalidate any access token previously assigned to that device")
def test_login_to_a_known_device_replaces_its_token(alice):
    first = second_device(alice, device_id="TABLET")
    second = second_device(alice, device_id="TABLET")
    second.get("/account/whoami").ok()
    first.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")


def test_refresh_tokens_give_new_access_tokens(alice):
    answer = log_in(alice, refresh_token=True).ok()
    assert answer["expires_in_ms"] > 0
    renewed = alice.post("/refresh", {"refresh_token": answer["refresh_token"]}, token=None).ok()
    assert renewed["access_token"] != answer["access_token"]
    assert alice.get("/account/whoami", token=renewed["access_token"]).ok()["device_id"] == answer["device_id"]
    alice.post("/refresh", {"refresh_token": "nonsense"}, token=None).refused(401, "M_UNKNOWN_TOKEN")


# -- devices


def test_devices_are_listed_and_read(alice):
    other = second_device(alice, initial_device_display_name="Laptop")
    found = {device["device_id"]: device for device in alice.get("/devices").ok()["devices"]}
    assert set(found) == {alice.device_id, other.device_id}
    assert found[other.device_id]["display_name"] == "Laptop"
    assert alice.get(f"/devices/{q(other.device_id)}").ok()["device_id"] == other.device_id


def test_a_device_is_renamed(alice):
    alice.put(f"/devices/{q(alice.device_id)}", {"display_name": "Renamed"}).ok()
    assert alice.get(f"/devices/{q(alice.device_id)}").ok()["display_name"] == "Renamed"


def test_an_unknown_device_is_not_found(alice):
    alice.get("/devices/UNKNOWN").refused(404, "M_NOT_FOUND")


def test_an_unknown_device_is_not_renamed(alice):
    alice.put("/devices/UNKNOWN", {"display_name": "Nobody's"}).refused(404, "M_NOT_FOUND")


def test_another_users_device_is_not_found(alice, bob):
    bob.get(f"/devices/{q(alice.device_id)}").refused(404, "M_NOT_FOUND")


def confirmed(user, challenge):
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user.user_id},
        "password": user.password,
        "session": challenge["session"],
    }


def test_deleting_a_device_asks_for_the_password(alice):
    other = second_device(alice)
    path = f"/devices/{q(other.device_id)}"
    challenge = alice.ask("DELETE", path, {})
    assert challenge.status == 401 and ["m.login.password"] in [flow["stages"] for flow in challenge["flows"]]
    wrong = alice.ask("DELETE", path, {"auth": confirmed(alice, challenge) | {"password": "wrong"}})
    assert wrong.status == 401 and wrong.errcode == "M_FORBIDDEN"
    other.get("/account/whoami").ok()
    alice.ask("DELETE", path, {"auth": confirmed(alice, challenge)}).ok()
    other.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")


def test_several_devices_are_deleted_at_once(alice):
    others = [second_device(alice) for _ in range(3)]
    body = {"devices": [other.device_id for other in others]}
    challenge = alice.post("/delete_devices", body)
    assert challenge.status == 401
    alice.post("/delete_devices", body | {"auth": confirmed(alice, challenge)}).ok()
    assert [device["device_id"] for device in alice.get("/devices").ok()["devices"]] == [alice.device_id]


def test_one_users_session_does_not_confirm_anothers_deletion(alice, bob):
    challenge = bob.ask("DELETE", f"/devices/{q(bob.device_id)}", {})
    answer = alice.ask("DELETE", f"/devices/{q(alice.device_id)}", {"auth": confirmed(bob, challenge)})
    assert answer.status in (401, 403)
    alice.get("/account/whoami").ok()


# -- the account


def test_a_changed_password_ends_the_other_devices(alice):
    other = second_device(alice)
    challenge = alice.post("/account/password", {"new_password": "a new one, long enough"})
    assert challenge.status == 401
    body = {"new_password": "a new one, long enough", "auth": confirmed(alice, challenge)}
    alice.post("/account/password", body).ok()
    other.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")
    alice.get("/account/whoami").ok()
    log_in(alice).refused(403, "M_FORBIDDEN")
    log_in(alice, password="a new one, long enough").ok()


def test_a_deactivated_account_is_gone_for_good(alice, anyone):
    challenge = alice.post("/account/deactivate", {})
    assert challenge.status == 401
    alice.post("/account/deactivate", {"auth": confirmed(alice, challenge)}).ok()
    alice.get("/account/whoami").refused(401, "M_UNKNOWN_TOKEN")
    log_in(alice).refused(403, "M_USER_DEACTIVATED", "M_FORBIDDEN")
    body = {"username": alice.localpart, "password": PASSWORD, "auth": DUMMY}
    anyone.post("/register", body).refused(400, "M_USER_IN_USE")


def test_every_way_in_knows_every_token(alice, homeserver):
    for url in (homeserver.front_url, *homeserver.base_urls):
        assert Client(url, alice.token).get(f"{V3}/account/whoami").ok()["user_id"] == alice.user_id
