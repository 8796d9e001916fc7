"""Synapse's rules, with what is understood in the place of what differs; its state resolution calls them, too."""

from synapse import event_auth
from synapse.api.errors import AuthError

from . import understood


class NoVerdict(Exception):
    """Synapse has no answer that could be compared."""


by_synapse = {
    name: getattr(event_auth, name)
    for name in ("check_state_dependent_auth_rules", "_check_create", "check_redaction", "_check_power_levels")
}


def refuse(reason):
    understood.met[reason] += 1
    raise AuthError(403, reason)


def check_state_dependent_auth_rules(event, auth_events):
    auth_events = list(auth_events)
    if understood.has_unusable_levels_in_force(event.room_version, auth_events):
        raise NoVerdict("unusable power levels in force")
    by_synapse["check_state_dependent_auth_rules"](event, auth_events)
    if reason := understood.refusal(event, auth_events):
        refuse(reason)


def check_create(event):
    by_synapse["_check_create"](event)
    if understood.is_of_another_version(event):
        refuse("a create event of another version than the room is read as")


def check_redaction(version, event, auth_events):
    if understood.redacts_nothing(event):
        level = event_auth.get_user_power_level(event.sender, auth_events)
        if level < event_auth.get_named_level(auth_events, "redact", 50):
            refuse("a redaction of nothing by somebody without power")
    return by_synapse["check_redaction"](version, event, auth_events)


def check_power_levels(version, event, auth_events):
    by_synapse["_check_power_levels"](version, understood.as_the_power_levels(event), auth_events)


def put_in_place():
    event_auth.check_state_dependent_auth_rules = check_state_dependent_auth_rules
    event_auth._check_create = check_create
    event_auth.check_redaction = check_redaction
    event_auth._check_power_levels = check_power_levels
    event_auth._can_federate = understood.can_federate
