"""A small, steady load of sends and long polls that goes on through failures, and remembers what it was promised.

It runs on a thread of its own, so that the test's thread may kill and start servers meanwhile. It is bounded: so
many senders, each with a pause between messages, for so many seconds at most.
"""

import asyncio
import collections
import contextlib
import itertools
import json
import secrets
import threading
import time

import aiohttp

from .client import V3, q

SENDER_PAUSE_SECONDS = 0.1
RETRY_PAUSE_SECONDS = 0.1
REQUEST_SECONDS = 10
POLL_MILLISECONDS = 5_000
MAXIMUM_SECONDS = 240


class SteadyLoad:
    """Users who send in rooms they share, and followers who wait for what comes.

    A request that fails is made again, with the same transaction id, by the next way into the server: what a client
    does. `acknowledged` maps each event id that the server gave to the text that was sent.
    """

    def __init__(self, urls, users, rooms):
        # Transaction ids of another load by the same users must not be taken for this one's.
        self.run = secrets.token_hex(4)
        self.urls = urls
        self.users = users
        self.rooms = rooms
        self.acknowledged = {}
        self.rooms_of_events = {}
        self.acknowledgement_times = []
        self.wrong_answers = []
        # What each follower saw: how often each event came, and gaps that it could not have known of.
        self.seen = {user.user_id: collections.Counter() for user in users}
        self.gaps = []
        self.failures = 0
        self._sending = True
        self._following = True
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._started = threading.Event()

    # -- from the test's thread

    def start(self):
        self._thread.start()
        assert self._started.wait(30), "the followers did not get their first sync"
        return self

    def wait_for_acknowledgements(self, count, seconds):
        """Waits until so many more events were acknowledged. Returns how long that took."""
        began, target = time.monotonic(), len(self.acknowledged) + count
        while len(self.acknowledged) < target:
            assert time.monotonic() - began < seconds, (
                f"{target - len(self.acknowledged)} of {count} events were not acknowledged within {seconds} s"
            )
            time.sleep(0.02)
        return time.monotonic() - began

    def finish(self, seconds=30):
        """Ends sending, waits until every follower has seen everything that was acknowledged, and ends."""
        self._sending = False
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(set(self.acknowledged) - set(seen) for seen in self.seen.values()):
            time.sleep(0.1)
        # A second copy of something would still come now.
        time.sleep(1)
        self.stop()

    def stop(self):
        self._sending = self._following = False
        self._thread.join(60)
        assert not self._thread.is_alive()

    # -- on its own thread

    async def _run(self):
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS + POLL_MILLISECONDS / 1000)
        async with aiohttp.ClientSession(timeout=timeout) as self.session:
            tokens = [(await self._ask("GET", "/sync?timeout=0", user))["next_batch"] for user in self.users]
            self._started.set()
            work = [self._send(user, number) for number, user in enumerate(self.users)]
            work += [
                self._follow(user, token, n) for n, (user, token) in enumerate(zip(self.users, tokens, strict=True))
            ]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*work), MAXIMUM_SECONDS)

    async def _send(self, user, number):
        ways = itertools.cycle(self.urls[number % len(self.urls) :] + self.urls[: number % len(self.urls)])
        for count in itertools.count():
            if not self._sending:
                return
            room = self.rooms[count % len(self.rooms)]
            text = f"{self.run} {user.user_id} {count}"
            path = f"/rooms/{q(room)}/send/m.room.message/{self.run}-{count}"
            answer = await self._ask("PUT", path, user, {"msgtype": "m.text", "body": text}, ways=ways)
            if answer is not None:
                self.acknowledged[answer["event_id"]] = text
                self.rooms_of_events[answer["event_id"]] = room
                self.acknowledgement_times.append(time.monotonic())
            await asyncio.sleep(SENDER_PAUSE_SECONDS)

    async def _follow(self, user, token, number):
        ways = itertools.cycle(self.urls[number % len(self.urls) :] + self.urls[: number % len(self.urls)])
        way = next(ways)
        while self._following:
            path = f"/sync?timeout={POLL_MILLISECONDS if self._sending else 500}&since={q(token)}"
            path += f"&filter={q(json.dumps({'room': {'timeline': {'limit': 100}}}))}"
            try:
                status, answer = await self._once("GET", way + V3 + path, user)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                status, answer = None, None
            if status != 200:
                self._note(status, answer)
                way = next(ways)
                await asyncio.sleep(RETRY_PAUSE_SECONDS)
                continue
            token = answer["next_batch"]
            for room, part in answer.get("rooms", {}).get("join", {}).items():
                if part.get("timeline", {}).get("limited"):
                    self.gaps.append((user.user_id, room))
                for event in part.get("timeline", {}).get("events", []):
                    self.seen[user.user_id][event["event_id"]] += 1

    async def _ask(self, method, path, user, body=None, *, ways=None):
        """The answer, however often it takes; `None` when the load ends before there is one."""
        ways = ways or itertools.cycle(self.urls)
        while True:
            try:
                status, answer = await self._once(method, next(ways) + V3 + path, user, body)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                status, answer = None, None
            if status == 200:
                return answer
            self._note(status, answer)
            if not self._following:
                return None
            await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def _once(self, method, url, user, body=None):
        headers = {"Authorization": f"Bearer {user.token}"}
        async with self.session.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    def _note(self, status, answer):
        """Counts a failure. While parts are down requests may fail, but a client must not be told that it is wrong."""
        self.failures += 1
        if status is not None and status < 500:
            self.wrong_answers.append((status, answer))
