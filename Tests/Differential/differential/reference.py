"""What Synapse answers: its own functions, on events in memory."""

import logging

from canonicaljson import encode_canonical_json
from synapse import event_auth
from synapse.api.errors import EventSizeError, SynapseError
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS, StateResolutionVersions
from synapse.crypto.event_signing import check_event_content_hash, compute_event_reference_hash
from synapse.events import make_event_from_dict
from synapse.events.utils import prune_event, validate_canonicaljson
from synapse.federation.federation_base import _check_sigs_on_pdu, event_from_pdu_json
from synapse.state import v1, v2
from synapse.storage.databases.main.event_federation import StateDifference
from synapse.util.json import json_decoder
from unpaddedbase64 import encode_base64

from . import adjusted, understood
from .adjusted import NoVerdict

logging.disable(logging.CRITICAL)

# As many as Synapse's own check of incoming events lets pass (`FederationEventHandler._sanity_check_event`).
MAX_PREV_EVENTS, MAX_AUTH_EVENTS = 20, 10


adjusted.put_in_place()


def run(coroutine):
    """The result of a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


def version(name):
    return KNOWN_ROOM_VERSIONS[name]


def read(text, room_version):
    """The event that some JSON from another server is, and whether its hash is right; raises what Synapse raises."""
    pdu = json_decoder.decode(text)
    event = event_from_pdu_json(json_decoder.decode(text), room_version)
    if (problem := size_problem(event)) and problem.unpersistable:
        raise problem
    auth_count = len(event.auth_event_ids()) - (1 if implies_create(room_version, event) else 0)
    if len(event.prev_event_ids()) > MAX_PREV_EVENTS or auth_count > MAX_AUTH_EVENTS:
        raise SynapseError(400, "too many previous or auth events")
    if reason := understood.form(pdu, event, room_version):
        raise SynapseError(400, reason)
    intact = check_event_content_hash(event)
    return (event if intact else prune_event(event)), intact


def size_problem(event):
    """What is too long about an event, if anything; unless it is unpersistable, Synapse keeps the event as
    rejected."""
    try:
        event_auth._check_size_limits(event)
    except EventSizeError as error:
        return error
    return None


def implies_create(room_version, event):
    return room_version.msc4291_room_ids_as_hashes and event.type != "m.room.create"


def canonical_text(event):
    """The event as Synapse sends and hashes it, without what is not part of it."""
    pdu = event.get_pdu_json()
    pdu.pop("unsigned", None)
    return encode_canonical_json(pdu).decode()


def redacted(event):
    return prune_event(event)


def reference_hash(event):
    """What the event's id is made of, or was once beside it; signatures are over the same."""
    return encode_base64(compute_event_reference_hash(event)[1])


def required_signers(event):
    """The servers whose signatures Synapse asks for."""
    asked = []

    class Keys:
        async def verify_event_for_server(self, server, event, minimum_valid_until):
            asked.append(server)

    run(_check_sigs_on_pdu(Keys(), event.room_version, event))
    return sorted(set(asked))


class Room:
    """The events of a room that Synapse was told of, and its verdicts about them."""

    def __init__(self, name):
        self.version = version(name)
        self.events = {}

    def add(self, event):
        self.events[event.event_id] = event

    def reject(self, event):
        """The same event as Synapse would load it after having rejected it."""
        self.events[event.event_id] = make_event_from_dict(
            event.get_pdu_json(), self.version, rejected_reason="auth_error"
        )
        return self.events[event.event_id]

    async def get_events(self, event_ids, *_, allow_rejected=False, **__):
        return {event_id: self.events[event_id] for event_id in event_ids if event_id in self.events}

    def needed(self, event):
        """The places of the state that Synapse would load to check an event."""
        try:
            return event_auth.auth_types_for_event(self.version, event)
        except (TypeError, KeyError, AttributeError):
            # A hostile value, on which the rules will fail as well.
            return {("m.room.create", "")}

    def selection(self, event):
        """The places of the state whose events an event should name as its auth events."""
        keys = event_auth.auth_types_for_event(self.version, event)
        if implies_create(self.version, event):
            keys = keys - {("m.room.create", "")}
        return sorted([list(key) for key in keys], key=lambda key: [part.encode() for part in key])

    def auth_events_allowed(self, event):
        """The rules about an event by itself and its choice of auth events."""
        if problem := size_problem(event):
            return f"{problem}"
        return verdict(lambda: run(event_auth.check_state_independent_auth_rules(self, event)), SynapseError)

    def allowed(self, event, state):
        """The rules about an event and the state."""
        # Synapse checks apart from the other rules whether a restricted join has the second signature.
        if "join_authorised_via_users_server" in event.content:
            try:
                event_auth.validate_event_for_room_version(event)
            except (SynapseError, TypeError, AttributeError) as error:
                return f"{type(error).__name__}: {error}"
        refusals = (SynapseError, TypeError, ValueError, AttributeError, KeyError)
        if "third_party_invite" in event.content:
            # With several keys, some of them malformed, it depends on their order whether it gets to the right one.
            refusals = SynapseError
        # Otherwise a hostile value makes it fail where the rules refuse, and it drops the event.
        return verdict(lambda: event_auth.check_state_dependent_auth_rules(event, state), refusals)

    def resolve(self, states):
        """The ids of the events of the state that some states (ids by type and state key) come together to."""
        room_id = next(iter(self.events.values())).room_id
        own = {event_id: event for event_id, event in self.events.items() if event.room_id == room_id}
        try:
            if self.version.state_res == StateResolutionVersions.V1:
                resolved = run(v1.resolve_events_with_store(room_id, self.version, states, None, self.get_events))
            else:
                # In version 2.1 all events are given as not stored yet, so that Synapse works out by itself what it
                # otherwise leaves to its database: the auth difference and the conflicted subgraph.
                unstored = own if self.version.state_res == StateResolutionVersions.V2_1 else None
                store = NothingStored() if unstored else self
                resolved = run(v2.resolve_events_with_store(Clock(), room_id, self.version, states, unstored, store))
            return dict(resolved)
        except Exception as error:
            raise NoVerdict(f"{type(error).__name__}: {error}") from error

    async def get_auth_chain_difference(self, room_id, state_sets, conflicted_state, additional):
        """As Synapse's database does: what is in some auth chains, each with the events it begins at, but not in
        all."""
        chains = [self.auth_chain(event_ids) for event_ids in state_sets]
        return StateDifference(set().union(*chains) - set.intersection(*chains), None)

    def auth_chain(self, event_ids):
        found, waiting = set(), list(event_ids)
        while waiting:
            event_id = waiting.pop()
            if event_id not in found:
                found.add(event_id)
                if event_id in self.events:
                    waiting += self.events[event_id].auth_event_ids()
        return found


class Clock:
    async def sleep(self, duration):
        pass


class NothingStored:
    async def get_events(self, event_ids, allow_rejected=False):
        return {}

    async def get_auth_chain_difference(self, room_id, state_sets, conflicted_state, additional):
        return StateDifference(
            auth_difference=set(), conflicted_subgraph=set() if conflicted_state is not None else None
        )


def verdict(check, refusals):
    """True, or why not."""
    try:
        check()
        return True
    except refusals as error:
        return f"{type(error).__name__}: {error}"


def canonical(text, strict):
    """The canonical form of some JSON text, as Synapse reads and writes it."""
    value = json_decoder.decode(text)
    if strict:
        validate_canonicaljson(value)
    return encode_canonical_json(value).decode()
