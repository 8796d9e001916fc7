"""Makes a room in which the answers differ as small as it gets while they do."""

import json

from .adjusted import NoVerdict
from .rooms import line


def reproduction(room, question, found, apus):
    """What to read about a difference: the smallest form of it, with the events that it needs."""
    asked = question.asked
    head = f"version {room.name}, seed {room.seed}: {asked['ask']}"
    if asked["ask"] == "resolve":
        asked = shrink(asked, states_with_one_less, lambda smaller: resolutions_differ(room, smaller, apus))
        expected, found = resolutions(room, asked, apus)
        needed = [index for state in asked["states"] for index in state]
    elif asked["ask"] == "auth":
        asked = shrink(asked, state_with_one_less, lambda smaller: auths_differ(room, smaller, apus))
        expected, found = auths(room, asked, apus)
        needed = [asked["event"], *asked["state"]]
    else:
        expected, needed = question.expected, []
        head += f" of {room.texts[asked['event']]}"
        if asked["ask"] == "auth_events":
            needed = [asked["event"]]
    lines = [head, f"  asked: {json.dumps(asked)}", f"  synapse: {expected}", f"  apus: {found}"]
    return "\n".join(lines + [f"  {index}: {describe(room, index)}" for index in with_auth_chains(room, needed)])


def shrink(asked, smaller_ones, still_differs):
    """Takes away one part after the other as long as the answers go on to differ."""
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in smaller_ones(asked):
            if still_differs(smaller):
                asked, shrunk = smaller, True
                break
    return asked


def states_with_one_less(asked):
    states = asked["states"]
    if len(states) > 2:
        for number in range(len(states)):
            yield {**asked, "states": states[:number] + states[number + 1 :]}
    entries = {entry for state in states for entry in state if entry != 0}
    for entry in sorted(entries, reverse=True):
        yield {**asked, "states": [[other for other in state if other != entry] for state in states]}
    for number, state in enumerate(states):
        for entry in state[1:]:
            rest = [other for other in state if other != entry]
            yield {**asked, "states": states[:number] + [rest] + states[number + 1 :]}


def state_with_one_less(asked):
    for entry in asked["state"]:
        if entry != 0:
            yield {**asked, "state": [other for other in asked["state"] if other != entry]}


def ask_apus(room, asked, apus):
    return apus.ask(line(room.name, room.texts, room.rejected, [asked]))["answers"][0]


def resolutions(room, asked, apus):
    states = [
        {room.place(room.events[index].event_id): room.events[index].event_id for index in state}
        for state in asked["states"]
    ]
    try:
        expected = sorted(room.indices[event_id] for event_id in room.room.resolve(states).values())
    except NoVerdict as crash:
        expected = str(crash)
    return expected, ask_apus(room, asked, apus)


def resolutions_differ(room, asked, apus):
    expected, found = resolutions(room, asked, apus)
    return not isinstance(expected, str) and expected != found


def auths(room, asked, apus):
    event = room.events[asked["event"]]
    needed = room.room.needed(event)
    state = [room.events[index] for index in asked["state"]]
    try:
        expected = room.room.allowed(event, [other for other in state if (other.type, other.get_state_key()) in needed])
    except NoVerdict:
        expected = None
    return expected, ask_apus(room, asked, apus)


def auths_differ(room, asked, apus):
    expected, found = auths(room, asked, apus)
    return expected is not None and (expected is True) != (found is True)


def with_auth_chains(room, indices):
    found, waiting = set(), list(indices)
    while waiting:
        index = waiting.pop()
        if index in found:
            continue
        found.add(index)
        event = room.events[index]
        if event is not None:
            waiting += [room.indices[event_id] for event_id in event.auth_event_ids() if event_id in room.indices]
    return sorted(found)


def describe(room, index):
    """An event with its references as places in the list."""
    event, pdu = room.events[index], room.pdus[index]
    if event is None:
        return room.texts[index]
    rejected = "rejected " if room.rejected[index] else ""
    state_key = json.dumps(pdu["state_key"]) if "state_key" in pdu else "no state"
    auth = [room.indices.get(event_id) for event_id in event.auth_event_ids()]
    return (
        f"{rejected}{event.event_id} {event.type} {state_key} by {event.sender} at {event.origin_server_ts}"
        f" depth {event.depth} auth {auth} {json.dumps(pdu['content'])}"
    )
