"""Two deployments whose devices send each other messages, while one part after the other dies and comes back.

Every device gets every message exactly once, and those of each sender in the order in which they were sent.
"""

import pytest

from outside.client import register
from outside.device_load import DeviceLoad

pytestmark = [
    pytest.mark.apus_only("Synapse promises neither order nor that nothing is lost"),
    pytest.mark.rests_on("PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}"),
    pytest.mark.rests_on("PUT /_matrix/federation/v1/send/{txnId}"),
]

DEVICES_OF_EACH = 3
STEADY_MESSAGES = 10
RECOVERY_SECONDS = 60


@pytest.fixture(scope="module")
def here(start_federating):
    return start_federating("keys-here", "apus", single=False)


@pytest.fixture(scope="module")
def there(start_federating):
    return start_federating("keys-there", "apus", single=False)


def failures(here, there):
    """What goes wrong, one after the other: each kills something and gives back what repairs it, if that is needed."""

    def killed(server, worker):
        def fail():
            server.kill_worker(worker)
            return lambda: server.start_worker(worker)

        return f"{worker} of {server.folder.name} is killed", fail

    def stopped(server):
        def fail():
            server.redis.stop()
            return server.redis.start

        return f"Redis of {server.folder.name} is stopped", fail

    return [
        killed(here, "client-1"),
        killed(here, "sender-1"),
        killed(there, "reader-1"),
        killed(there, "client-2"),
        stopped(here),
        stopped(there),
        (f"PostgreSQL of {here.folder.name} restarts", here.postgres.restart),
        (f"PostgreSQL of {there.folder.name} crashes", lambda: there.postgres.restart(crash=True)),
        (f"PostgreSQL of {here.folder.name} crashes", lambda: here.postgres.restart(crash=True)),
        killed(there, "sender-1"),
        killed(here, "reader-1"),
    ]


def test_nothing_is_lost_or_doubled_or_out_of_order(here, there, record_property):
    devices, ways = [], []
    for server in (here, there):
        for number in range(DEVICES_OF_EACH):
            devices.append(register(server.front_url, f"device{number}"))
            ways.append(server.base_urls)
    with DeviceLoad(devices, ways) as load:
        load.wait_for(STEADY_MESSAGES, RECOVERY_SECONDS)
        for name, fail in failures(here, there):
            repair = fail()
            if repair:
                # Messages pile up meanwhile.
                load.wait_for_sent(STEADY_MESSAGES * len(devices), RECOVERY_SECONDS)
                repair()
            record_property(name, round(load.wait_for(STEADY_MESSAGES, RECOVERY_SECONDS), 2))
        load.finish()
    assert not load.wrong_answers, load.wrong_answers[:3]
    assert not load.disorder(), load.disorder()[:3]
    total = sum(len(numbers) for senders in load.received.values() for numbers in senders.values())
    record_property("messages", total)
    assert total >= 2_000
