"""Random rooms: events of honest and hostile servers on branches that part and meet again.

The room grows as Synapse lets it: an event that Synapse refuses is kept as rejected, an accepted one changes the
state of its branch. Every step leaves questions behind, with Synapse's answers, that Apus is asked afterwards.
"""

import hashlib
import json
import random

from canonicaljson import encode_canonical_json
from signedjson.key import encode_verify_key_base64, generate_signing_key, get_verify_key
from signedjson.sign import sign_json
from synapse.api.room_versions import StateResolutionVersions
from unpaddedbase64 import encode_base64

from . import reference, understood, values
from .adjusted import NoVerdict
from .steps import Steps

THIRD_PARTY_KEYS = [generate_signing_key(str(number)) for number in range(2)]


class Branch:
    """One end of the room's graph: the newest event and the state after it."""

    def __init__(self, head, state, depth):
        self.head = head
        self.state = state
        self.depth = depth

    def copy(self):
        return Branch(self.head, dict(self.state), self.depth)


class Question:
    def __init__(self, asked, expected):
        self.asked = asked
        self.expected = expected


class Room:
    def __init__(self, version, seed, size):
        self.rng = random.Random(f"{version}-{seed}")
        self.name, self.seed = version, seed
        self.room = reference.Room(version)
        self.version = self.room.version
        self.room_id = None if self.version.msc4291_room_ids_as_hashes else "!room:one.example"
        self.pdus = []
        self.texts = []
        self.events = []
        self.rejected = []
        self.indices = {}
        self.questions = []
        self.failures = 0
        self.clock = 1_000
        # A few rooms are full of oddities, most have some.
        self.oddness = self.rng.choice([0, 0.05, 0.05, 0.2, 0.5])
        self.mutations = self.rng.choice([0, 0.02, 0.1])
        self.steps = Steps(self)
        self._begin()
        self._grow(size)
        self._resolve_all()

    # Events

    def make(self, type, content, sender, state_key=None, prev=(), auth=(), depth=1, room_id="own", **more):
        """A PDU of the form that the room version has, with its hash and the semblance of a signature."""
        rng = self.rng
        self.clock += rng.choice([0, 0, 1, 1, 5, -3])
        pdu = {
            "type": type,
            "sender": sender,
            "content": content,
            "origin_server_ts": self.clock
            if rng.random() > 0.02
            else rng.choice([-1, 0, 2**53 - 1, self.clock * 1000]),
            "depth": depth,
            "prev_events": [self.reference(event_id) for event_id in prev],
            "auth_events": [self.reference(event_id) for event_id in auth],
            **more,
        }
        if state_key is not None:
            pdu["state_key"] = state_key
        if room_id == "own":
            room_id = self.room_id
        if room_id is not None:
            pdu["room_id"] = room_id
        server = sender.partition(":")[2] or "one.example"
        if self.name in ("1", "2"):
            pdu["event_id"] = f"${rng.getrandbits(40):x}:{server}"
        self.seal(pdu, {server, *self.cosigners(content)})
        return pdu

    def cosigners(self, content):
        user = content.get("join_authorised_via_users_server") if isinstance(content, dict) else None
        if isinstance(user, str) and ":" in user and self.rng.random() < 0.9:
            yield user.partition(":")[2]

    def reference(self, event_id):
        return [event_id, {"sha256": "none"}] if self.name in ("1", "2") else event_id

    @staticmethod
    def seal(pdu, servers):
        bare = {key: value for key, value in pdu.items() if key not in ("hashes", "signatures", "unsigned")}
        pdu["hashes"] = {"sha256": encode_base64(hashlib.sha256(encode_canonical_json(bare)).digest())}
        pdu["signatures"] = {server: {"ed25519:1": "c2lnbmF0dXJl"} for server in sorted(servers)}

    def add(self, pdu):
        """Gives an event to both sides; `None` when Synapse does not take it for an event at all."""
        text = json.dumps(pdu, ensure_ascii=self.rng.random() < 0.2)
        self.texts.append(text)
        self.pdus.append(pdu)
        self.rejected.append(False)
        index = len(self.events)
        try:
            event, intact = reference.read(text, self.version)
        except Exception as error:  # noqa: BLE001
            self.events.append(None)
            self.received = f"{type(error).__name__}: {error}"
            if understood.is_read_by_apus_alone(pdu, self.version):
                understood.met["a PDU that Synapse alone does not read"] += 1
                return None
            self.questions.append(Question({"ask": "event", "event": index}, {"refused": self.received}))
            return None
        self.events.append(event)
        self.questions.append(Question({"ask": "event", "event": index}, {"id": event.event_id, "intact": intact}))
        if event.event_id in self.indices:
            return None
        self.indices[event.event_id] = index
        self.room.add(event)
        return event

    def reject(self, event):
        index = self.indices[event.event_id]
        self.rejected[index] = True
        self.events[index] = self.room.reject(event)

    # Growth

    def _begin(self):
        content = {"room_version": self.name, "creator": values.CREATOR}
        if self.rng.random() < 0.15:
            content["m.federate"] = self.rng.choice([False, True, False, None, "false", 0])
        if self.name == "12" and self.rng.random() < 0.5:
            content["additional_creators"] = self.rng.sample(values.USERS[1:], self.rng.randrange(3))
        pdu = self.make("m.room.create", content, values.CREATOR, "")
        create = self.add(pdu)
        assert create is not None, self.received
        self.create = create
        self.creators = {values.CREATOR, *content.get("additional_creators", [])} if self.name == "12" else set()
        if self.room_id is None:
            self.room_id = create.room_id
        self.check(create, {})
        self.branches = [Branch(create.event_id, {("m.room.create", ""): create.event_id}, 1)]
        self.states = [dict(self.branches[0].state)]
        self._foreign()
        for _ in range(3):
            self._another_create()

    def _another_create(self):
        """A create event that might have begun the room, and is only asked about."""
        prev = [self.create.event_id] if self.rng.random() < 0.1 else []
        room_id = (
            None if self.version.msc4291_room_ids_as_hashes else self.rng.choice([self.room_id, "!room:two.example"])
        )
        sender = self.rng.choice(values.USERS[:2])
        event = self.add(self.make("m.room.create", self.steps.create(), sender, "", prev, [], 1, room_id=room_id))
        if event is not None:
            self.check(event, {})
            self.indices.pop(event.event_id)
            del self.room.events[event.event_id]

    def _foreign(self):
        """Events of another room, which somebody may cite."""
        self.foreign = []
        if self.version.msc4291_room_ids_as_hashes:
            other = "!" + "f" * 43
        else:
            other = "!other:one.example"
        for user in values.USERS[:2]:
            event = self.add(
                self.make(
                    "m.room.member", {"membership": "join"}, user, user, [self.create.event_id], [], 2, room_id=other
                )
            )
            if event is not None:
                self.foreign.append(event.event_id)

    def _grow(self, size):
        rng = self.rng
        branch = self.branches[0]
        for step in self.steps.opening():
            self.act(branch, *step)
        for _ in range(size):
            if rng.random() < 0.12 and len(self.branches) < 5:
                self.branches.append(rng.choice(self.branches).copy())
            elif rng.random() < 0.08 and len(self.branches) > 1:
                self.merge()
            branch = rng.choice(self.branches)
            self.act(branch, *self.steps.any(branch))

    def merge(self):
        left, right = self.rng.sample(self.branches, 2)
        resolved = self.ask_resolution([left.state, right.state])
        if resolved is None:
            return
        right.state = resolved
        right.head = (left.head, right.head)
        right.depth = max(left.depth, right.depth)

    def act(self, branch, type, content, sender, state_key=None, more=()):
        """One more event on a branch, which takes part in the state if Synapse lets it."""
        rng = self.rng
        prev = branch.head if isinstance(branch.head, tuple) else (branch.head,)
        try:
            auth = self.auth_events(branch.state, type, content, sender, state_key)
            pdu = self.make(type, content, sender, state_key, prev, auth, branch.depth + 1, **dict(more))
        except Exception:  # noqa: BLE001 - a value that cannot be hashed makes no event
            return
        if rng.random() < self.mutations:
            self.steps.mutate(pdu)
        if understood.is_create_that_names_its_room(pdu, self.version):
            return
        event = self.add(pdu)
        if event is None:
            return
        accepted = self.check(event, branch.state)
        if accepted and event.type == "m.room.create":
            return
        branch.depth += 1
        if accepted:
            branch.head = event.event_id
            if event.is_state():
                branch.state = {**branch.state, (event.type, event.state_key): event.event_id}
                self.states.append(branch.state)
        else:
            self.reject(event)
            if rng.random() < 0.3:
                branch.head = event.event_id

    def auth_events(self, state, type, content, sender, state_key):
        """The auth events of an honest server, or now and then of a hostile one."""
        rng = self.rng
        keys = self.steps.selection(type, content, sender, state_key)
        chosen = [state[key] for key in keys if key in state]
        if rng.random() < self.mutations * 2:
            kind = rng.randrange(6)
            known = [event_id for event_id in self.indices if event_id not in self.foreign]
            if kind == 0 and chosen:
                chosen.pop(rng.randrange(len(chosen)))
            elif kind == 1:
                chosen.append(rng.choice(known))
            elif kind == 2 and chosen:
                chosen.append(chosen[0])
            elif kind == 3 and self.foreign:
                chosen[-1:] = [rng.choice(self.foreign)]
            elif kind == 4:
                # The newest of each, whether or not it was rejected, and whatever branch it is on.
                latest = {self.place(event_id): event_id for event_id in known}
                chosen = [latest[key] for key in keys if key in latest]
            else:
                older = rng.choice(self.states)
                chosen = [older[key] for key in keys if key in older]
        return chosen

    def place(self, event_id):
        event = self.room.events[event_id]
        return (event.type, event.get_state_key())

    # Questions

    def check(self, event, state):
        """Asks all that is to be asked of one event; says whether Synapse accepts it."""
        rng = self.rng
        index = self.indices[event.event_id]
        if any(auth_id not in self.room.events for auth_id in event.auth_event_ids()):
            return False
        self.ask({"ask": "selection", "event": index}, lambda: self.room.selection(event))
        rests = self.ask({"ask": "auth_events", "event": index}, lambda: self.room.auth_events_allowed(event))
        if event.type == "m.room.create":
            return rests is True
        own = {self.place(event_id): event_id for event_id in event.auth_event_ids()}
        by_auth = all(key is not None for _, key in own) and self.ask_auth(event, own)
        by_state = self.ask_auth(event, state)
        if rng.random() < 0.5:
            self.ask_auth(event, rng.choice(self.states))
        return rests is True and by_auth is True and by_state is True

    def ask(self, asked, answer):
        try:
            expected = answer()
        except Exception:  # noqa: BLE001 - then Synapse has no answer to compare with
            self.failures += 1
            return None
        self.questions.append(Question(asked, expected))
        return expected

    def ask_auth(self, event, state):
        """Whether a state (ids by type and state key) allows an event; it has the create event as every state has."""
        state = {**state, ("m.room.create", ""): self.create.event_id}
        # Apus gets all of the state, Synapse only what it would load for the event.
        needed = self.room.needed(event)
        found = [self.room.events[event_id] for key, event_id in state.items() if key in needed]
        asked = {
            "ask": "auth",
            "event": self.indices[event.event_id],
            "state": sorted(self.indices[event_id] for event_id in state.values()),
        }
        if understood.has_unusable_levels_in_force(self.version, found):
            understood.met["not compared: unusable power levels in force"] += 1
            return None
        return self.ask(asked, lambda: self.room.allowed(event, found))

    def ask_resolution(self, states):
        """What states come together to; `None` when Synapse fails."""
        asked = {
            "ask": "resolve",
            "states": [sorted(self.indices[event_id] for event_id in state.values()) for state in states],
        }
        try:
            resolved = self.room.resolve(states)
        except NoVerdict:
            self.failures += 1
            return None
        self.questions.append(Question(asked, sorted(self.indices[event_id] for event_id in resolved.values())))
        return resolved

    def _resolve_all(self):
        rng = self.rng
        self.ask_resolution([branch.state for branch in self.branches])
        for _ in range(3):
            self.ask_resolution([rng.choice(self.states) for _ in range(rng.choice([2, 2, 3, 4]))])
        for _ in range(2):
            self.ask_resolution([self.wild_state() for _ in range(rng.choice([2, 3]))])

    def wild_state(self):
        """A state that no history has: for each place any of its events, as a hostile server may claim it."""
        rng = self.rng
        state = dict(rng.choice(self.states))
        for event_id, index in self.indices.items():
            event = self.events[index]
            may_be = event.is_state() and event.room_id == self.room_id and event.type != "m.room.create"
            if may_be and rng.random() < 0.3 and (not self.rejected[index] or self.keeps_rejected(event)):
                state[(event.type, event.state_key)] = event_id
        return state

    def keeps_rejected(self, event):
        """Whether a rejected event may be in a state that is compared.

        Version 1 resolves without asking who was rejected, since no state should have such events; Apus leaves them
        out in all versions.
        """
        if self.version.state_res == StateResolutionVersions.V1:
            return False
        return self.rng.random() < 0.3 and self.is_whole(event)

    def is_whole(self, event):
        """Whether a resolution can look at an event: its membership is one, and all that it rests on is known state."""
        if event.type == "m.room.member" and not isinstance(event.content.get("membership"), str):
            return False
        known = self.room.events
        chain = self.room.auth_chain([event.event_id])
        return all(event_id in known and known[event_id].is_state() for event_id in chain)

    def line(self):
        """The question for Apus: all of the room at once."""
        return line(self.name, self.texts, self.rejected, [question.asked for question in self.questions])

    def third_party_key(self):
        key = self.rng.choice(THIRD_PARTY_KEYS)
        return key, encode_verify_key_base64(get_verify_key(key))

    def third_party_signature(self, signed, key, server):
        return sign_json(signed, server, key)


def line(version, texts, rejected, asked):
    events = ",".join(
        f'{{"pdu":{text},"rejected":{"true" if refused else "false"}}}'
        for text, refused in zip(texts, rejected, strict=True)
    )
    asked = [question for question in asked if question["ask"] != "event"]
    return f'{{"do":"room","version":"{version}","events":[{events}],"ask":{json.dumps(asked)}}}'
