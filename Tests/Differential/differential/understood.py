"""Differences that are understood: each has a name, is as narrow as can be, and cites the specification.

What is listed here is applied to Synapse's answers, wherever they are given: Synapse's own state resolution runs with
them, too. So everything else must be the same, also in rooms where one of them happened.
"""

import collections
import re

from synapse.events import make_event_from_dict

# How often Synapse's answer was another one, by name.
met = collections.Counter()

# Grammar of identifiers. Synapse takes nearly any text in an event for one.
# https://spec.matrix.org/v1.19/appendices/#identifier-grammar
SERVER = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")


def is_server(text):
    match = SERVER.fullmatch(text)
    return match is not None and len(text.encode()) <= 255 and int(match[2] or 0) <= 65535


def is_identifier(text, sigil):
    if not isinstance(text, str) or not text.startswith(sigil) or ":" not in text or len(text.encode()) > 255:
        return False
    localpart, _, server = text[1:].partition(":")
    return "\0" not in localpart and is_server(server)


def is_user(text):
    return is_identifier(text, "@")


def is_event_id(text):
    if ":" in text:
        return is_identifier(text, "$")
    return re.fullmatch(r"\$[A-Za-z0-9+/_-]{1,253}", text) is not None


def form(pdu, event, version):
    """Why a PDU that Synapse reads is no event; `None` when it is one.

    https://spec.matrix.org/v1.19/server-server-api/#pdus gives what an event must have; Synapse rejects some of it
    later, with the signatures, and some never.
    """
    name = None
    if not is_user(event.sender):
        name = "the sender is no user id"
    elif "\0" in event.type or "\0" in (event.get_state_key() or ""):
        name = "a NUL in the type or the state key, which no database stores as text"
    elif not isinstance(pdu["content"], dict):
        # Numbers are objects to Synapse's parser, of a kind.
        name = "the content is a number"
    elif not isinstance(pdu.get("signatures"), dict):
        name = "no signatures"
    elif version.msc4291_room_ids_as_hashes and event.type != "m.room.create":
        if not re.fullmatch(r"![A-Za-z0-9_-]{43}", event.room_id):
            name = "the room id has not the form of the version"
    elif not version.msc4291_room_ids_as_hashes and not is_identifier(event.room_id, "!"):
        name = "the room id has not the form of the version"
    if name is None and version.event_format == 1 and not is_identifier(event.event_id, "$"):
        name = "the event id has not the form of the version"
    if name is None and not all(map(is_event_id, (*event.prev_event_ids(), *event.auth_event_ids()))):
        name = "a reference that is no event id"
    if name is not None:
        met[name] += 1
    return name


LEVEL_TEXT = re.compile(r"\s*[+-]?[0-9]+\s*")
NAMED = ("users_default", "events_default", "state_default", "ban", "redact", "kick", "invite")


def is_level(value, version):
    if type(value) is int:
        return True
    if version.enforce_int_power_levels:
        return False
    return isinstance(value, float) or (isinstance(value, str) and LEVEL_TEXT.fullmatch(value) is not None)


def has_unusable_level(content, version):
    """Whether something in power levels is no level.

    https://spec.matrix.org/v1.19/rooms/v9/#mroompower_levels-events-accept-values-as-strings says which strings are
    levels, and nothing else than those and numbers is one. Synapse takes what Python's `int` takes: `true`, `1_0`,
    other digits.
    """
    maps = ("users", "events") + (("notifications",) if version.limit_notifications_power_levels else ())
    if any(key in content and not is_level(content[key], version) for key in NAMED):
        return True
    return any(key in content and not is_map_of_levels(content[key], version) for key in maps)


def is_map_of_levels(entries, version):
    return hasattr(entries, "values") and all(is_level(value, version) for value in entries.values())


def has_unusable_levels_in_force(version, state):
    """Whether a state has power levels that are no levels, or such as no 64 bits hold.

    Before version 10 they get in where there were none before, and then no two implementations agree: Synapse fails
    on every event that asks for such a level, or takes it for a number. Apus takes all levels beyond 64 bits for the
    highest there is, so that the difference between two of them is none. Nothing is compared with such a state.
    """
    contents = [event.content for event in state if event.type == "m.room.power_levels"]
    return any(has_unusable_level(content, version) or has_level_beyond_64_bits(content) for content in contents)


def has_level_beyond_64_bits(value):
    if hasattr(value, "values"):
        return any(map(has_level_beyond_64_bits, value.values()))
    try:
        return not -(2**63) <= int(value) < 2**63
    except (TypeError, ValueError, OverflowError):
        return False


def refusal(event, state):
    """Why an event that Synapse lets pass is refused; `None` when it passes."""
    version = event.room_version
    if event.type == "m.room.power_levels":
        users = event.content.get("users", {})
        if not is_map_of_levels(users, version):
            return "power levels of users that are no levels"
        if not all(map(is_user, users)):
            return "power levels of what is no user id"
        current = [other for other in state if (other.type, other.state_key) == ("m.room.power_levels", "")]
        if current and has_unusable_level(event.content, version):
            return "power levels that are no levels"
    if event.type == "m.room.member" and not (event.is_state() and is_user(event.state_key)):
        # Rule 5.1 asks for a state key; rule 5 takes it for a user id throughout.
        return "a membership of what is no user id"
    if event.type == "m.room.member" and version.restricted_join_rule and event.content["membership"] == "join":
        # Rule 5.2 (8 to 12) asks for the signature of a user's server.
        authorising = event.content.get("join_authorised_via_users_server")
        if authorising is not None and not is_user(authorising):
            return "a join authorised by what is no user id"
    return None


def is_read_by_apus_alone(pdu, version):
    """Whether Synapse does not read a PDU because of something that is no reason.

    Apus leaves `unsigned` out unread, and takes a signature that is none for one that is not there. In versions 1 to
    5 the depth may be as large as 64 bits hold (https://spec.matrix.org/v1.19/rooms/v5/#event-format); Synapse draws
    the line of version 6 in all of them. Since version 12 no auth event may be the create event: Apus refuses it with
    the others that an event may not have (rule 3.2).
    """
    if not isinstance(pdu.get("unsigned", {}), dict):
        return True
    depth = pdu.get("depth")
    if type(depth) is int and 2**53 <= depth < 2**63 and not version.strict_canonicaljson:
        return True
    auth_events, create_id = pdu.get("auth_events"), f"${str(pdu.get('room_id'))[1:]}"
    if version.msc4291_room_ids_as_hashes and isinstance(auth_events, list) and create_id in auth_events:
        return True
    signatures = pdu.get("signatures")
    if not isinstance(signatures, dict):
        return False
    return not all(
        isinstance(keys, dict) and all(isinstance(signature, str) for signature in keys.values())
        for keys in signatures.values()
    )


def is_create_that_names_its_room(pdu, version):
    """Whether a PDU is a create event with a room id where there must be none.

    https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules, rule 1.2, rejects it. Apus takes it for no event at
    all if it is state, and Synapse has another reference hash for it: its redaction takes the room id away.
    """
    return version.msc4291_room_ids_as_hashes and pdu.get("type") == "m.room.create" and "room_id" in pdu


def is_of_another_version(event):
    """Whether a create event names another version than its room is taken for.

    https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules, rule 1.3, refuses versions that are not recognised.
    No room of one version begins with an event of another; Synapse sees to that elsewhere, and here takes all that it
    knows.
    """
    return event.content.get("room_version", "1") != event.room_version.identifier


def as_the_power_levels(event):
    """The same event under the empty state key.

    https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules, rule 10 (9 in versions 6 to 11), is about every
    event of that type and compares it with the power levels of the room. Synapse compares one that has another state
    key with the event under that key, of which the event's selection of auth events knows nothing, and fails on one
    that is no state.
    """
    if event.get_state_key() == "":
        return event
    met["power levels under another state key are compared with those of the room"] += 1
    return make_event_from_dict({**event.get_dict(), "state_key": ""}, event.room_version)


def redacts_nothing(event):
    """Whether a redaction names no event.

    https://spec.matrix.org/v1.19/rooms/v1/#authorisation-rules, rule 11, wants power or an event of the same server.
    Synapse lets pass whoever redacts what is not even text, and finds a server in text that is no event id.
    """
    return event.room_version.event_format == 1 and not is_identifier(event.redacts, "$")


def asks_for_other_signatures(event):
    """Whether Synapse takes an event with other signatures than the specification has.

    https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events lets an
    invitation through a third party come without the signature of the sender's server, and in versions 1 and 2 not
    without that of the server in the event's id; Synapse does if they are the same. It takes for an invitation what
    is no state, and finds the server of a user who authorised a join in what is no user id: the rules refuse both
    anyway.
    """
    if event.type != "m.room.member":
        return False
    if "third_party_invite" in event.content:
        return not event.is_state() or event.room_version.event_format == 1
    return not is_user(event.content.get("join_authorised_via_users_server", "@a:b"))


def can_federate(event, auth_events):
    """Whether `m.federate` lets an event pass that somebody of another server sent or is about.

    https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules, rule 4 (3 in versions 1 to 11): only `false` bars,
    and only senders. Synapse takes everything but `true` for `false`, and also refuses to invite, kick or ban users
    of other servers.
    """
    create = auth_events[("m.room.create", "")]
    value = create.content.get("m.federate", True)
    if value is True:
        return True
    if value is False and create.sender.partition(":")[2] != event.sender.partition(":")[2]:
        return False
    met["m.federate bars only senders, and only when it is false"] += 1
    return True


EXPONENT = re.compile(r"(?<![\w.\\])-?[0-9]+[eE][+-]?[0-9]+")
NEGATIVE_ZERO = re.compile(r"(?<![\w.\\])-0(?![\w.])")


def is_json_read_differently(text, strict):
    """Whether Python reads or writes a number otherwise than the specification says.

    https://spec.matrix.org/v1.19/appendices/#canonical-json: `1e10` is the integer 10000000000, for Python a
    fraction; and `-0` must not appear where canonical JSON is enforced, for Python it is 0.
    """
    pattern = NEGATIVE_ZERO if strict else EXPONENT
    return pattern.search(text) is not None


NEVER_CANONICAL = re.compile(r"(?<![\w.\\])[0-9]+[eE][0-9]{3,}|\\ud83d(?!\\ude02)")


def hides_what_has_no_form(text):
    """Whether a number that no double holds, or half a character, stands where a later equal key replaces it.

    https://spec.matrix.org/v1.19/appendices/#canonical-json has no form for either. Apus refuses them wherever they
    stand, Python forgets them with what is replaced.
    """
    return NEVER_CANONICAL.search(text) is not None


def is_condition_read_differently(condition, push):
    """Whether Synapse has another idea of a condition's meaning.

    https://spec.matrix.org/v1.19/client-server-api/#conditions-1: a boundary of words is any character but ASCII
    letters, digits and `_`, for Synapse any but letters of all scripts; a display name is looked for as it is, by
    Synapse as a pattern. https://spec.matrix.org/v1.19/appendices/#glob-style-matching: wildcards stand for any
    character, for Synapse for any but the end of a line.
    """
    kind = condition["kind"]
    name = push.display_name or ""
    pattern = condition.get("pattern", "")
    if any(wildcard in pattern for wildcard in "*?") and "\n" in str(push.event["content"].get("body")):
        return True
    if kind == "contains_display_name" and any(wildcard in name for wildcard in "*?"):
        return True
    if kind == "contains_display_name" or kind == "event_match" and condition.get("key") == "content.body":
        texts = [str(push.event["content"].get("body")), name, pattern]
        return any(not character.isascii() and character.isalnum() for text in texts for character in text)
    return False
