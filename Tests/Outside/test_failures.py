"""Under a steady load parts of the deployment die and come back.

After each failure the server recovers by itself within seconds; every acknowledged event is readable exactly once,
nothing that was sent once stands there twice, and whoever waited in a long poll got everything exactly once.
"""

import collections
import signal
import time

import pytest

from outside.client import bodies, register
from outside.load import SteadyLoad

USERS = 4
ROOMS = 2
STEADY_EVENTS = 40
# From the moment that everything is there again to the next acknowledged events.
RECOVERY_SECONDS = 10
RECOVERED_EVENTS = 20


@pytest.fixture(scope="module")
def world(cluster):
    """Users and the rooms that all of them are in."""
    users = [register(cluster.front_url, f"steady{number}") for number in range(USERS)]
    rooms = [users[0].create_room(preset="public_chat", name=f"Steady {n}") for n in range(ROOMS)]
    for room in rooms:
        for user in users[1:]:
            user.join(room)
    return users, rooms


@pytest.fixture
def load(cluster, world):
    running = SteadyLoad([*cluster.base_urls, cluster.front_url], *world).start()
    yield running
    running.stop()


def history(user, room):
    """Every event of a room, newest first."""
    events, token = [], None
    for _ in range(1000):
        page = user.messages(room, limit=100, **({"from": token} if token else {})).ok()
        events += page["chunk"]
        token = page.get("end")
        if not token:
            return events
    raise AssertionError("the history does not end")


def check(load, world):
    """What was promised is there: once in the history, once in every sync, in one order for everybody."""
    users, rooms = world
    load.finish()
    assert not load.wrong_answers, load.wrong_answers[:3]
    assert not load.gaps, "a follower was told of a gap among a few events"
    times = collections.Counter()
    texts = collections.Counter()
    for room in rooms:
        for event in history(users[0], room):
            times[event["event_id"]] += 1
            texts.update(bodies([event]))
            if event["event_id"] in load.acknowledged:
                assert load.rooms_of_events[event["event_id"]] == room
    missing = [event for event in load.acknowledged if times[event] == 0]
    assert not missing, f"{len(missing)} of {len(load.acknowledged)} acknowledged events are gone"
    assert max(times.values()) == 1, "the history shows an event twice"
    doubled = [text for text in load.acknowledged.values() if texts[text] > 1]
    assert not doubled, f"sent once and there twice: {doubled[:5]}"
    for user, seen in load.seen.items():
        unseen = set(load.acknowledged) - set(seen)
        assert not unseen, f"{user} was not told of {len(unseen)} of {len(load.acknowledged)} events"
        again = [event for event, count in seen.items() if count > 1]
        assert not again, f"{user} was told twice of {len(again)} events"


def kill_a_client_worker(cluster):
    cluster.kill_worker("client-1")
    return lambda: cluster.start_worker("client-1")


def restart_redis(cluster):
    cluster.redis.restart()


def restart_postgres(cluster):
    cluster.postgres.restart()


def crash_postgres(cluster):
    cluster.postgres.restart(crash=True)


@pytest.mark.parametrize("fail", [kill_a_client_worker, restart_redis, restart_postgres, crash_postgres])
def test_recovery(cluster, world, load, fail, record_property):
    load.wait_for_acknowledgements(STEADY_EVENTS, 60)
    repair = fail(cluster)
    seconds = load.wait_for_acknowledgements(RECOVERED_EVENTS, RECOVERY_SECONDS)
    record_property("recovery_seconds", round(seconds, 2))
    if repair:
        repair()
    load.wait_for_acknowledgements(STEADY_EVENTS, 60)
    check(load, world)


@pytest.mark.apus_only("Synapse's workers end when they are told to, without a promise about their requests")
def test_a_worker_that_is_told_to_stop_ends_in_good_order(cluster, world, load):
    load.wait_for_acknowledgements(STEADY_EVENTS, 60)
    began = time.monotonic()
    assert cluster.stop_worker("client-2") == 0
    assert time.monotonic() - began < 10
    load.wait_for_acknowledgements(RECOVERED_EVENTS, RECOVERY_SECONDS)
    cluster.start_worker("client-2")
    load.wait_for_acknowledgements(STEADY_EVENTS, 60)
    check(load, world)


@pytest.mark.apus_only("Synapse's workers need Redis")
def test_everything_works_while_redis_is_stopped(cluster, world, load):
    load.wait_for_acknowledgements(STEADY_EVENTS, 60)
    cluster.redis.stop()
    load.wait_for_acknowledgements(STEADY_EVENTS, 30)
    # What is sent now is seen about a second later, through the other worker.
    users, rooms = world
    sender, reader = users[0].by(cluster.base_urls[0]), users[1].by(cluster.base_urls[1])
    sync = reader.sync()
    began = time.monotonic()
    sender.send(rooms[0], "without Redis")
    reader.sync_until(lambda sync: "without Redis" in str(sync.json), since=sync["next_batch"])
    assert time.monotonic() - began < 4
    cluster.redis.start()
    load.wait_for_acknowledgements(STEADY_EVENTS, 30)
    check(load, world)


@pytest.mark.apus_only("Synapse waits for a long poll's end")
def test_a_stopped_server_does_not_hang_on_to_the_terminal(cluster):
    """SIGINT ends a worker just as SIGTERM does."""
    began = time.monotonic()
    assert cluster.workers["client-1"].stop(signal.SIGINT, seconds=10) == 0
    assert time.monotonic() - began < 10
    cluster.start_worker("client-1")
