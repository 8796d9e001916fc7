"""Resolves a room that `apus-core-benchmark room` printed with Synapse's algorithm (version 2), and prints a line of figures.

Everything it asks for is answered from memory, and the auth difference is given to it: what is measured is what is left
to compute. The members that nobody asks for have ids without events.
"""

import json
import sys
import time

# Synapse can only be imported in this order: synapse.state rests on synapse.event_auth, which rests on synapse.state.
import synapse.event_auth
import synapse.events
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.state import v2

RUNS = 7


class Clock:
    async def sleep(self, *_):
        pass


class Store:
    def __init__(self, events, difference):
        self.events = events
        self.difference = difference
        self.asked = 0

    async def get_events(self, event_ids, allow_rejected=False):
        self.asked += 1
        return {event_id: self.events[event_id] for event_id in event_ids if event_id in self.events}

    async def get_auth_chain_difference(self, *_):
        return v2.StateDifference(auth_difference=set(self.difference), conflicted_subgraph=set())


def finished(coroutine):
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("it waits for something")


def state(room, side):
    entries = {("m.room.member", f"@user{index}:one.example"): f"$user{index}" for index in range(room["members"])}
    for kind, key, event_id in room["common"] + room[side]:
        entries[(kind, key)] = event_id
    return entries


def main():
    room = json.load(sys.stdin)
    version = KNOWN_ROOM_VERSIONS[room["room_version"]]
    events = {}
    for entry in room["events"]:
        event = synapse.events.make_event_from_dict(entry["pdu"], version)
        assert event.event_id == entry["id"], f"{event.event_id} is {entry['id']} here"
        events[event.event_id] = event
    sides = [state(room, "left"), state(room, "right")]
    times = []
    for _ in range(RUNS):
        store = Store(events, room["auth_difference"])
        start = time.process_time()
        resolved = finished(
            v2.resolve_events_with_store(Clock(), room["room_id"], version, sides, None, store)
        )
        times.append(time.process_time() - start)
    expected = {(kind, key): event_id for kind, key, event_id in room["resolved"]}
    same = all(resolved.get(key) == event_id for key, event_id in expected.items())
    print(
        json.dumps({"warm_microseconds": round(min(times) * 1e6), "event_batches": store.asked, "same_state": same})
    )


if __name__ == "__main__":
    main()
