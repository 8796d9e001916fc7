"""Single events and pieces of JSON, rather more hostile than a room could stand."""

import json
import random

from synapse.api.errors import SynapseError

from . import reference, understood, values
from .rooms import Room

# Keys that redaction treats in its own way in some version, and some that it does not know.
CONTENT_KEYS = [
    "membership", "creator", "join_rule", "allow", "aliases", "redacts", "history_visibility", "third_party_invite",
    "join_authorised_via_users_server", "ban", "events", "events_default", "kick", "redact", "state_default", "users",
    "users_default", "invite", "notifications", "m.federate", "room_version", "additional_creators", "body",
    "displayname", "predecessor", "", "\u00e9", "\U0001f602", "\ufb00", "a.b",
]  # fmt: skip
TYPES = [
    "m.room.member", "m.room.create", "m.room.join_rules", "m.room.power_levels", "m.room.aliases", "m.room.redaction",
    "m.room.history_visibility", "m.room.name", "m.room.third_party_invite", "org.example", "",
]  # fmt: skip
TOP_KEYS = [
    "origin",
    "membership",
    "prev_state",
    "redacts",
    "extra",
    "unsigned",
    "replaces_state",
    "prev_content",
    "\u00e9",
]


class Event:
    """One PDU, and what Synapse makes of it."""

    def __init__(self, version, seed):
        self.name, self.seed = version, seed
        self.rng = rng = random.Random(f"event-{version}-{seed}")
        self.version = reference.version(version)
        self.honest = rng.random() < (0.9 if self.version.strict_canonicaljson else 0.3)
        self.text = json.dumps(self.pdu(), ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1]))

    def pdu(self):
        rng = self.rng
        hashed = self.version.msc4291_room_ids_as_hashes
        type = rng.choice(TYPES)
        sender = rng.choice(values.USERS)
        server = sender.partition(":")[2]
        content = {}
        for _ in range(rng.choice([0, 1, 2, 4, 8])):
            content[rng.choice(CONTENT_KEYS)] = self.value()
        if type == "m.room.member" and rng.random() < 0.7:
            content["membership"] = rng.choice(values.MEMBERSHIPS)
        if rng.random() < 0.2:
            content["third_party_invite"] = {"signed": self.value(), "display_name": "x", "key": self.value()}
        pdu = {
            "type": type,
            "sender": sender,
            "content": content,
            "origin_server_ts": rng.choice(
                [0, -1, 1, 1_700_000_000_000, *([] if self.honest else values.HOSTILE_NUMBERS)]
            ),
            "depth": rng.choice([1, 1, 1, 5, 2**53 - 1, 1 if self.honest else 2**62]),
            "prev_events": self.references(rng.choice([0, 1, 1, 1, 2, 2, 3, 20, 21])),
            "auth_events": self.references(rng.choice([0, 1, 2, 3, 3, 4, 5, 10, 11])),
        }
        if not (hashed and type == "m.room.create"):
            pdu["room_id"] = "!" + "r" * 43 if hashed else "!room:one.example"
        if rng.random() < 0.6 or type == "m.room.create":
            pdu["state_key"] = rng.choice(["", "", sender, "x"]) if type != "m.room.create" else ""
        if self.name in ("1", "2"):
            pdu["event_id"] = f"$e{rng.getrandbits(20):x}:{rng.choice(values.SERVERS)}"
        for _ in range(rng.choice([0, 0, 1, 3])):
            pdu[rng.choice(TOP_KEYS)] = self.value()
        try:
            Room.seal(pdu, {server, "four.example"})
        except Exception:  # noqa: BLE001 - what has no canonical form has no hash either
            pdu["hashes"], pdu["signatures"] = {"sha256": "AAAA"}, {server: {"ed25519:1": "AAAA"}}
        if rng.random() < 0.1:
            pdu["hashes"]["sha256"] = rng.choice(["AAAA", "", "%%", pdu["hashes"]["sha256"] + "="])
        if rng.random() < 0.1:
            pdu[rng.choice(sorted(pdu))] = self.value()
        keys = list(pdu)
        rng.shuffle(keys)
        return {key: pdu[key] for key in keys}

    def value(self):
        # Most events of versions that enforce canonical JSON would be refused for a number otherwise.
        return values.anything(self.rng, honest=self.honest)

    def references(self, count):
        ids = [
            f"$r{number}:one.example" if self.name in ("1", "2") else "$" + f"{number:043}" for number in range(count)
        ]
        if self.rng.random() < 0.05 and count > 1:
            ids[1] = ids[0]
        return [[event_id, {"sha256": "x"}] if self.name in ("1", "2") else event_id for event_id in ids]

    def line(self):
        return f'{{"do":"event","version":"{self.name}","pdu":{json.dumps(json.loads(self.text))}}}'

    def expected(self):
        """What Synapse says, or `None` where the difference is understood."""
        pdu = json.loads(self.text)
        if understood.is_read_by_apus_alone(pdu, self.version) or understood.is_create_that_names_its_room(
            pdu, self.version
        ):
            return None
        try:
            event, intact = reference.read(self.text, self.version)
            redacted = reference.redacted(event)
        except Exception as error:  # noqa: BLE001
            return {"refused": f"{type(error).__name__}: {error}"}
        found = {
            "id": event.event_id,
            "room": event.room_id,
            "intact": intact,
            "event": reference.canonical_text(event),
            "redacted": reference.canonical_text(redacted),
            "reference": reference.reference_hash(event),
        }
        if understood.asks_for_other_signatures(event):
            return found
        try:
            found["signers"] = reference.required_signers(event)
        except (SynapseError, KeyError, TypeError, AttributeError):
            # It fails on a hostile value, and drops the event.
            pass
        return found


class Document:
    """Some JSON text, and its canonical form."""

    SCALARS = [
        "0", "-0", "1", "-1", "01", "1.0", "1.5", "-0.0", "1e2", "1E400", "1e-7", "9007199254740991",
        "9007199254740992", "-9007199254740992", "18446744073709551616", "123456789012345678901234567890", "0.1",
        "1e16", "123456.789e3", "1.", "true", "false", "null", "NaN", "Infinity", "nul", '""', '"\\u0000"',
        '"\\ud83d\\ude02"', '"\\ud83d"', '"\\/"',
        '"\\u00e9"', '"e\\u0301"', '"\u2028"', '"\\x"', '"\t"', '"\\u001f"', '"\u007f"', '"\U0010ffff"', "'x'",
    ]  # fmt: skip
    KEYS = ['"a"', '"b"', '"\\u0061"', '""', '"\u00e9"', '"e\u0301"', '"\U0001f602"', '"\uffff"', '"A"', '"a.b"', "a"]

    def __init__(self, seed):
        self.name, self.seed = "-", seed
        self.rng = random.Random(f"json-{seed}")
        self.strict = self.rng.random() < 0.5
        self.oddness = self.rng.choice([0, 0.1, 1])
        self.text = self.value(0)

    def value(self, depth):
        rng = self.rng
        space = rng.choice(["", "", "", " ", "\n", "\t "])
        kind = rng.random()
        if depth > 4 or kind < 0.5:
            inner = rng.choice(
                self.SCALARS if rng.random() < self.oddness else ["1", "true", '"x"', "[]", "null", '"\u00e9"']
            )
        elif kind < 0.7:
            inner = "[" + ",".join(self.value(depth + 1) for _ in range(rng.randrange(4))) + "]"
        else:
            members = [f"{rng.choice(self.KEYS[:-1])}{space}:{self.value(depth + 1)}" for _ in range(rng.randrange(5))]
            inner = "{" + ",".join(members) + "}"
        if rng.random() < 0.01:
            inner += rng.choice([",", "]", "x", "\u00a0"])
        return space + inner + space

    def line(self):
        return json.dumps({"do": "json", "strict": self.strict, "text": self.text})

    def expected(self):
        if understood.is_json_read_differently(self.text, self.strict):
            return None
        try:
            found = {"canonical": reference.canonical(self.text, self.strict)}
            return None if understood.hides_what_has_no_form(self.text) else found
        except (ValueError, SynapseError, UnicodeEncodeError, RecursionError) as error:
            return {"refused": f"{type(error).__name__}: {error}"}


def compare(document, expected, answer, report):
    report.count(type(document).__name__.lower(), expected)
    if expected is None:
        return
    if "refused" in expected:
        same = "refused" in answer
    else:
        same = all(answer.get(key) == value for key, value in expected.items())
    if not same:
        report.unexplained.append(Difference(document, expected, answer))


class Difference:
    """One document of which the answers differ. It is small already."""

    def __init__(self, document, expected, found):
        self.document, self.expected, self.found = document, expected, found

    def reproduction(self, apus):
        document = self.document
        differing = {key: value for key, value in self.found.items() if self.expected.get(key, value) != value}
        return (
            f"{type(document).__name__} of version {document.name}, seed {document.seed}: {document.text}\n"
            f"  synapse: {self.expected}\n  apus: {differing or self.found}"
        )
