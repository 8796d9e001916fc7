"""Child processes of a test run: started, watched, killed, and always ended.

Every server that a suite needs is a child of the suite. Each one runs in a session of its own and is told by the
kernel when its parent dies, so that nothing outlives a run, not even one that was killed itself.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

PR_SET_PDEATHSIG = 1
START_SECONDS = 60
STOP_SECONDS = 15

_libc = ctypes.CDLL(None, use_errno=True)
_issued_ports = set()


class StartFailure(Exception):
    """A server did not come up. The message ends with the last lines of its log."""


def free_port():
    """A loopback port that nobody listens on now, and that was not handed out before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _issued_ports:
            _issued_ports.add(port)
            return port


class Child:
    """One process of ours, with its log file."""

    def __init__(self, name, argv, log, *, cwd=None, env=None, user=None, stop_signal=signal.SIGTERM):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log = pathlib.Path(log)
        self.cwd = cwd
        self.env = env
        self.user = user
        self.stop_signal = stop_signal
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        def follow_parent():
            _libc.prctl(PR_SET_PDEATHSIG, int(self.stop_signal), 0, 0, 0)

        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env={**os.environ, **(self.env or {})},
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=follow_parent,
            )
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait_until(self, ready, seconds=START_SECONDS):
        """Returns when `ready()` is true; raises with the end of the log when the process ended or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive():
                raise StartFailure(f"{self.name} ended with status {self.process.returncode}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise StartFailure(f"{self.name} is not ready after {seconds} s\n{self.tail()}")
            time.sleep(0.05)

    def stop(self, stop_signal=None, seconds=STOP_SECONDS):
        """Ends the process politely, and by force if it does not go. Returns its exit status."""
        if self.process is None:
            return None
        if self.alive():
            self.process.send_signal(stop_signal or self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        """`kill -9`, as a crash would be."""
        if self.alive():
            self.process.kill()
            self.process.wait()

    def tail(self, lines=40):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"--- end of {self.log}\n" + "\n".join(text.splitlines()[-lines:])


def answers(url, status=200, timeout=2):
    """Whether a GET of this URL is answered with this status."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status == status
    except urllib.error.HTTPError as error:
        return error.code == status
    except (OSError, ValueError):
        return False


def run(argv, *, user=None, cwd=None, env=None, seconds=120):
    """Runs a command to its end and returns its output; raises with output and errors unless it exits 0."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=seconds,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise StartFailure(
            f"{' '.join(map(str, argv))} exited {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
        )
    return done.stdout


def tree(pids):
    """These processes and all their descendants that live now."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = set(pids) & set(parents)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def cpu_milliseconds(pids):
    """User and system time of these processes, of their live descendants, and of children that already ended."""
    ticks = 0
    for pid in tree(pids):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def proportional_set_bytes(pids):
    """Memory of these processes and their descendants, each shared page divided among those that share it."""
    total = 0
    for pid in tree(pids):
        try:
            lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total
