"""Devices that send each other numbered messages without end, through failures, and remember what they got.

It runs on a thread of its own, so that the test's thread may kill and start servers meanwhile. It is bounded: so many
devices, each with a pause between requests, for so many seconds at most.
"""

import asyncio
import contextlib
import itertools
import secrets
import threading
import time

import aiohttp

from .client import V3, q

SENDER_PAUSE_SECONDS = 0.15
RETRY_PAUSE_SECONDS = 0.1
REQUEST_SECONDS = 10
POLL_MILLISECONDS = 2_000
MAXIMUM_SECONDS = 400
KIND = "a.test.numbered"


class DeviceLoad:
    """Each device sends one numbered message to each other device at a time, and syncs for what the others send.

    `ways` gives the base URLs of each device's homeserver. A request that fails is made again, with the same
    transaction id or the same token, by the next way in: what a client does. `received[reader][sender]` are the numbers
    as they came.
    """

    def __init__(self, devices, ways):
        self.run = secrets.token_hex(4)
        self.devices = devices
        self.ways = ways
        self.sent = dict.fromkeys(self._names(), 0)
        self.received = {reader: {sender: [] for sender in self._names()} for reader in self._names()}
        self.wrong_answers = []
        self.failures = 0
        self._senders = len(devices)
        self._sending = True
        self._following = True
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def _names(self):
        return [device.user_id for device in self.devices]

    # -- from the test's thread

    def __enter__(self):
        self._thread.start()
        assert self._started.wait(60), "the devices did not get their first sync"
        return self

    def __exit__(self, *_):
        self._sending = self._following = False
        self._thread.join(60)
        assert not self._thread.is_alive()

    def wait_for(self, more, seconds):
        """Waits until each has sent so many more messages, and all sent before have come; gives how long it took."""
        began = time.monotonic()
        before = dict(self.sent)
        while True:
            left = [name for name in self.sent if self.sent[name] < before[name] + more]
            missing = self.missing(before)
            if not left and not missing:
                return time.monotonic() - began
            assert time.monotonic() - began < seconds, (
                f"within {seconds} s: not sent {left}, not received {missing[:3]}"
            )
            time.sleep(0.05)

    def wait_for_sent(self, more, seconds):
        """Waits until so many more requests were acknowledged, whoever made them."""
        began, target = time.monotonic(), sum(self.sent.values()) + more
        while sum(self.sent.values()) < target:
            assert time.monotonic() - began < seconds, f"{more} requests were not acknowledged within {seconds} s"
            time.sleep(0.05)

    def finish(self, seconds=60):
        """Ends sending, and waits until everything was received that was sent, and for a second copy of anything."""
        self._sending = False
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and (self._senders or self.missing(self.sent)):
            time.sleep(0.1)
        time.sleep(1.5)
        self._following = False

    def missing(self, sent):
        """Who has not got how many messages of whom."""
        return [
            (reader, sender, sent[sender] - len(numbers))
            for reader, senders in self.received.items()
            for sender, numbers in senders.items()
            if sender != reader and len(numbers) < sent[sender]
        ]

    def disorder(self):
        """Who got something else than each message once and in order, and the first numbers that show it."""
        found = []
        for reader, senders in self.received.items():
            for sender, numbers in senders.items():
                wanted = list(range(self.sent[sender])) if sender != reader else []
                if numbers != wanted:
                    at = next(
                        (n for n, pair in enumerate(zip(numbers, wanted, strict=False)) if pair[0] != pair[1]), -1
                    )
                    found.append((reader, sender, f"{len(numbers)} of {len(wanted)}", numbers[max(at - 2, 0) : at + 5]))
        return found

    # -- on its own thread

    async def _run(self):
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as self.session:
            tokens = [(await self._ask(number, "GET", "/sync?timeout=0"))["next_batch"] for number in self._numbers()]
            self._started.set()
            work = [self._send(number) for number in self._numbers()]
            work += [self._follow(number, token) for number, token in zip(self._numbers(), tokens, strict=True)]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*work), MAXIMUM_SECONDS)

    def _numbers(self):
        return range(len(self.devices))

    async def _send(self, number):
        device = self.devices[number]
        for count in itertools.count():
            if not self._sending:
                break
            content = {"run": self.run, "number": count}
            others = [other for other in self.devices if other is not device]
            body = {"messages": {other.user_id: {other.device_id: content} for other in others}}
            answer = await self._ask(number, "PUT", f"/sendToDevice/{KIND}/{self.run}-{count}", body)
            if answer is None:
                break
            self.sent[device.user_id] = count + 1
            await asyncio.sleep(SENDER_PAUSE_SECONDS)
        self._senders -= 1

    async def _follow(self, number, token):
        received = self.received[self.devices[number].user_id]
        while self._following:
            milliseconds = POLL_MILLISECONDS if self._sending else 300
            answer = await self._ask(number, "GET", f"/sync?timeout={milliseconds}&since={q(token)}")
            if answer is None:
                return
            token = answer["next_batch"]
            for message in answer.get("to_device", {}).get("events", []):
                if message["type"] == KIND and message["content"]["run"] == self.run:
                    received[message["sender"]].append(message["content"]["number"])

    async def _ask(self, number, method, path, body=None):
        """The answer, however often it takes; `None` when the load ends before there is one."""
        ways = self.ways[number]
        for attempt in itertools.count(number):
            status, answer = None, None
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
                status, answer = await self._once(method, ways[attempt % len(ways)] + V3 + path, number, body)
            if status == 200:
                return answer
            self.failures += 1
            if status is not None and status < 500:
                self.wrong_answers.append((status, answer))
            if not self._following:
                return None
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
        raise AssertionError("counting ended")

    async def _once(self, method, url, number, body):
        headers = {"Authorization": f"Bearer {self.devices[number].token}"}
        async with self.session.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)
