"""The Matrix Rust SDK, which is what Element X is made of: a client that nobody here wrote, for sliding sync.

`run` installs it; it needs a newer C library than Debian 12 has, and gets one of its own there.
"""

import json
import os
import pathlib
import subprocess
import time

_HERE = pathlib.Path(__file__).resolve().parent
ANSWER_SECONDS = 30
POLL_SECONDS = 0.05


def _command():
    launcher = os.environ.get("RUST_SDK_PYTHON")
    if not launcher or not pathlib.Path(launcher).exists():
        raise RuntimeError("no Matrix Rust SDK: Tests/Outside/run installs it and sets RUST_SDK_PYTHON")
    return [launcher, _HERE / "rust_sdk_client.py"]


class RustClient:
    """A person with a phone. Methods are those of `Person` in `rust_sdk_client.py`, by their names."""

    def __init__(self, log):
        self.log = pathlib.Path(log)
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(
                _command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def __getattr__(self, name):
        return lambda **arguments: self._ask({"do": name, **arguments})

    def _ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the client ended at {command}: see {self.log}"
        answer = json.loads(line)
        assert "error" not in answer, f"{command}: {answer['error']}"
        return answer["ok"]

    def until(self, found, seconds=ANSWER_SECONDS):
        """What `found` gives once it gives something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"did not come; rooms {self.list_rooms()}, states {self.state()}, log {self.log}")

    def room(self, room_id, **expected):
        """The room in the list, once it is as expected."""

        def found():
            for room in self.list_rooms():
                if room["id"] == room_id and all(room[name] == value for name, value in expected.items()):
                    return room
            return None

        return self.until(found)

    def bodies(self, room_id):
        return [event["body"] for event in self.timeline(room=room_id) if "body" in event]

    def message(self, room_id, body):
        """The message with that text, once it is there and the server has given it an id."""
        return self.until(
            lambda: next(
                (
                    event
                    for event in self.timeline(room=room_id)
                    if event.get("body") == body and str(event.get("event_id", "")).startswith("$")
                ),
                None,
            )
        )

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
