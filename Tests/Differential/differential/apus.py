"""The executable that answers for Apus, fed line by line."""

import collections
import json
import queue
import subprocess
import threading

# So many questions may be on their way: enough that neither side waits for the other.
MOST_OPEN = 64


class Apus:
    def __init__(self, executable):
        self.process = subprocess.Popen([str(executable)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answers = queue.Queue()
        self.open = collections.deque()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def send(self, line, on_answer):
        """Sends one question, a line of JSON; its answer is given to `on_answer` some time later."""
        while len(self.open) >= MOST_OPEN:
            self._take()
        self.open.append((line, on_answer))
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.drain()
            raise

    def ask(self, line):
        """The answer to one question, at once."""
        self.drain()
        found = []
        self.send(line, found.append)
        self.drain()
        return found[0]

    def drain(self):
        while self.open:
            self._take()

    def _take(self):
        line, on_answer = self.open.popleft()
        answer = self.answers.get()
        if answer is None:
            raise AssertionError(f"it died (status {self.process.wait()}) at or before this question: {line[:20000]}")
        on_answer(json.loads(answer))

    def close(self):
        self.drain()
        self.process.stdin.close()
        self.process.wait(timeout=30)
