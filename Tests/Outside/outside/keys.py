"""Keys of devices and users, made and signed as encrypting clients do it.

vodozemac, the library of real clients, makes and signs them. What a server hands on is checked by its signatures: a
server that changed anything, or put keys of two devices together, would not pass.
"""

import json

import vodozemac

ALGORITHMS = ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"]
KEY = "signed_curve25519"


def canonical(value):
    """Canonical JSON, which is what is signed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def unsigned(value):
    return {key: part for key, part in value.items() if key not in ("signatures", "unsigned")}


class SigningKey:
    """An Ed25519 key."""

    def __init__(self):
        self.account = vodozemac.Account()

    @property
    def public(self):
        return self.account.ed25519_key.to_base64()

    def sign(self, value, user_id, key_id):
        """The value with this key's signature beside those that it has."""
        mine = {f"ed25519:{key_id}": self.account.sign(canonical(unsigned(value))).to_base64()}
        others = value.get("signatures", {})
        return value | {"signatures": others | {user_id: others.get(user_id, {}) | mine}}


def check(value, user_id, key_id, public):
    """Asserts that a value is signed by a user's key."""
    signature = vodozemac.Ed25519Signature.from_base64(value["signatures"][user_id][f"ed25519:{key_id}"])
    vodozemac.Ed25519PublicKey.from_base64(public).verify_signature(canonical(unsigned(value)), signature)


class Device:
    """The keys of a user's device. `user` is the client that uploads them."""

    def __init__(self, user):
        self.user = user
        self.identity = SigningKey()
        self.made = {}
        """One-time and fallback keys as `(id, signed key)`, by their public part: a fallback key may be named alike."""

    def keys(self):
        """What the device says about itself."""
        user, device = self.user.user_id, self.user.device_id
        value = {
            "user_id": user,
            "device_id": device,
            "algorithms": ALGORITHMS,
            "keys": {
                f"curve25519:{device}": self.identity.account.curve25519_key.to_base64(),
                f"ed25519:{device}": self.identity.public,
            },
        }
        return self.signed(value)

    def signed(self, value):
        return self.identity.sign(value, self.user.user_id, self.user.device_id)

    def one_time_keys(self, count):
        """So many new ones, by id."""
        self.identity.account.generate_one_time_keys(count)
        new = {
            f"{KEY}:{name}": self.signed({"key": key.to_base64()})
            for name, key in self.identity.account.one_time_keys.items()
        }
        self.identity.account.mark_keys_as_published()
        assert len(new) == count
        self._remember(new)
        return new

    def fallback_key(self):
        """A new fallback key, by id."""
        self.identity.account.generate_fallback_key()
        ((name, key),) = self.identity.account.fallback_key.items()
        self.identity.account.mark_keys_as_published()
        new = {f"{KEY}:{name}": self.signed({"key": key.to_base64(), "fallback": True})}
        self._remember(new)
        return new

    def _remember(self, keys):
        self.made |= {key["key"]: (name, key) for name, key in keys.items()}

    def upload(self, **body):
        return self.user.post("/keys/upload", body)

    def publish(self, one_time_keys=0, fallback=False):
        """Uploads the device's keys with so many one-time keys. Returns the device."""
        body = {"device_keys": self.keys()}
        if one_time_keys:
            body["one_time_keys"] = self.one_time_keys(one_time_keys)
        if fallback:
            body["fallback_keys"] = self.fallback_key()
        self.upload(**body).ok()
        return self

    def check(self, keys):
        """Asserts that what a server tells of this device is what the device said."""
        mine = self.keys()
        assert unsigned(keys) == unsigned(mine)
        check(keys, self.user.user_id, self.user.device_id, self.identity.public)

    def check_claimed(self, claimed):
        """Asserts that exactly one key of this device was given, as it was signed, and returns its public part."""
        ((name, key),) = claimed.items()
        assert (name, key) == self.made[key["key"]], "not a key that was uploaded"
        check(key, self.user.user_id, self.user.device_id, self.identity.public)
        return key["key"]


class CrossSigning:
    """The keys by which a user vouches for their devices and for other users."""

    def __init__(self, user):
        self.user = user
        self.secrets = {name: SigningKey() for name in ("master", "self_signing", "user_signing")}

    def public(self, name):
        return self.secrets[name].public

    def key(self, name):
        """One of the three, signed by the master key where it is not that."""
        public = self.public(name)
        value = {"user_id": self.user.user_id, "usage": [name], "keys": {f"ed25519:{public}": public}}
        return value if name == "master" else self.by_master(value)

    def by_master(self, value):
        return self.secrets["master"].sign(value, self.user.user_id, self.public("master"))

    def upload(self, **more):
        return self.user.post("/keys/device_signing/upload", self.body() | more)

    def body(self):
        return {f"{name}_key": self.key(name) for name in self.secrets}

    def publish(self):
        """Uploads the keys, with the password where the server asks for it."""
        answer = self.upload()
        if answer.status == 401:
            identifier = {"type": "m.id.user", "user": self.user.user_id}
            auth = {"type": "m.login.password", "identifier": identifier, "password": self.user.password}
            answer = self.upload(auth=auth | {"session": answer["session"]})
        answer.ok()
        return self

    def vouch_for(self, device):
        """A device's keys with the signature of the self-signing key."""
        return self.secrets["self_signing"].sign(device.keys(), self.user.user_id, self.public("self_signing"))

    def upload_signatures(self, signed):
        """Uploads signed keys: by user, then by device or key."""
        return self.user.post("/keys/signatures/upload", signed)


def public_parts(keys):
    return {key["key"] for key in keys.values()}


def query(asker, *users, timeout=10_000):
    """What the server tells of these users' keys."""
    return asker.post("/keys/query", {"device_keys": {user.user_id: [] for user in users}, "timeout": timeout}).ok()


def claim(asker, *users, timeout=10_000):
    """Claims a one-time key of each of these users' devices: `{user: {device: {id: key}}}`, and failures."""
    wanted = {}
    for user in users:
        wanted.setdefault(user.user_id, {})[user.device_id] = KEY
    return asker.post("/keys/claim", {"one_time_keys": wanted, "timeout": timeout}).ok()


def claim_one(asker, device):
    """Claims a key of one device; `{id: key}`, empty when there is none."""
    answer = claim(asker, device.user)
    return answer["one_time_keys"].get(device.user.user_id, {}).get(device.user.device_id, {})


def send_to_device(sender, kind, messages, transaction=None):
    """`messages` is `{user: {device: content}}`."""
    return sender.put(f"/sendToDevice/{kind}/{transaction or sender.transaction()}", {"messages": messages})


def to_device(sync):
    return sync.json.get("to_device", {}).get("events", [])


def changed(sync):
    return sync.json.get("device_lists", {}).get("changed", [])


def left(sync):
    return sync.json.get("device_lists", {}).get("left", [])
