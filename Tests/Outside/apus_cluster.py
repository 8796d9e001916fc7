"""An Apus cluster for tests: a private PostgreSQL and Redis, the executables of a build, HAProxy in front.

The configuration is the one that an operator writes, and HAProxy's is the one that Apus makes of it. With
`single=True` it is `apus serve`, all roles in one process.
"""

import os
import pathlib
import secrets

import yaml

from outside.processes import Child, StartFailure, answers, free_port, run
from outside.proxy import Proxy
from outside.stores import Postgres, Redis

ROLES = {
    "client-1": "client-api",
    "client-2": "client-api",
    "reader-1": "federation-reader",
    "sender-1": "federation-sender",
    "media-1": "media",
    "push-1": "push",
}
START_SECONDS = 30
# What the operator's documentation promises for SIGTERM.
STOP_SECONDS = 10


def executable(name):
    """The path of one of Apus's executables; raises when the build does not have it."""
    default = pathlib.Path(__file__).resolve().parents[2] / ".build" / "release"
    path = pathlib.Path(os.environ.get("APUS_BIN") or default) / name
    if not path.exists():
        raise StartFailure(f"{path} does not exist: build it, and name the folder with --apus-bin or APUS_BIN")
    return path


class ApusCluster:
    """Two client-API workers and one of each other role, or one process."""

    kind = "apus"

    def __init__(
        self, folder, *, server_name="outside.test", tls=None, ca=None, single=False, durable=False, settings=None
    ):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.server_name = server_name
        self.tls = tls
        self.ca = ca
        self.single = single
        self.settings = settings or {}
        self.shared_secret = secrets.token_hex(16)
        self.postgres = Postgres(self.folder, durable=durable)
        self.redis = None if single else Redis(self.folder)
        self.ports = {name: free_port() for name in (["serve-1", "serve-2"] if single else ["front", *ROLES])}
        self.workers = {}
        self.proxy = None

    # -- addresses

    @property
    def configuration(self):
        return self.folder / "apus.yaml"

    @property
    def base_urls(self):
        """Two ways in past the load balancer: the client-API workers, or two listeners of the one process."""
        names = ("serve-1", "serve-2") if self.single else ("client-1", "client-2")
        return [f"http://127.0.0.1:{self.ports[name]}" for name in names]

    @property
    def front_url(self):
        return self.base_urls[0] if self.single else self.proxy.url

    @property
    def main(self):
        """The process that answers, of a homeserver in one process."""
        return self.workers["serve"]

    # -- life

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        self.postgres.start().create_database("apus")
        if self.redis:
            self.redis.start()
        self.configuration.write_text(yaml.safe_dump(self._configuration(), sort_keys=False))
        run([executable("apus"), "config", "check", "--config", self.configuration], cwd=self.folder)
        if self.single:
            argv = [executable("apus"), "serve", "--config", self.configuration]
            self.workers["serve"] = self._start_child("serve", argv, [self.ports["serve-1"], self.ports["serve-2"]])
        else:
            run([executable("apus"), "migrate", "--config", self.configuration], cwd=self.folder)
            for name in ROLES:
                self.start_worker(name)
            text = run([executable("apus"), "proxy-config", "--config", self.configuration], cwd=self.folder)
            self.proxy = Proxy(self.folder, self.ports["front"], text).start()

    def start_worker(self, name):
        argv = [executable(f"apus-{ROLES[name]}"), "--config", self.configuration, "--worker", name]
        self.workers[name] = self._start_child(name, argv, [self.ports[name]])

    def _start_child(self, name, argv, ports):
        child = Child(f"Apus {name}", argv, self.folder / f"{name}.log", cwd=self.folder).start()
        child.wait_until(
            lambda: all(answers(f"http://127.0.0.1:{port}/ready") for port in ports), seconds=START_SECONDS
        )
        return child

    def kill_worker(self, name):
        self.workers[name].kill()

    def stop_worker(self, name):
        """Asks a worker to stop, as an upgrade does. Returns its exit status; it is forced after the promised time."""
        return self.workers[name].stop(seconds=STOP_SECONDS)

    def stop(self):
        for child in [self.proxy, *self.workers.values(), self.redis, self.postgres]:
            if child:
                child.stop()

    def processes(self):
        """Process ids by what they are, for accounting."""
        found = {name: child.pid for name, child in self.workers.items()}
        found["postgres"] = self.postgres.child.pid
        if not self.single:
            found |= {"redis": self.redis.child.pid, "haproxy": self.proxy.child.pid}
        return found

    def log_tails(self):
        return "\n".join(child.tail(20) for child in self.workers.values())

    # -- configuration

    def _configuration(self):
        configuration = {
            "server_name": self.server_name,
            "public_base_url": self.base_urls[0] + "/",
            "signing_key": "signing.key",
            "database": {"url": self.postgres.url("apus"), "pool_size": 8},
            "registration": {"open": True, "guests": True, "shared_secret": self.shared_secret},
            "passwords": {"cost": "minimum"},
            "rate_limits": "none",
            "outbound": {"allow_private_addresses": True},
            "media": {"path": "media"},
        }
        if self.redis:
            configuration["redis"] = {"url": self.redis.url()}
        if self.ca:
            configuration["outbound"]["ca_file"] = str(self.ca)
        # Those of the one process, or what HAProxy opens for the workers.
        fronts = ("serve-1", "serve-2") if self.single else ("front",)
        configuration["listeners"] = [{"address": f"127.0.0.1:{self.ports[name]}"} for name in fronts]
        if self.tls:
            certificate, key, port = self.tls
            configuration["listeners"].append(
                {"address": f"127.0.0.1:{port}", "tls": {"certificate": str(certificate), "key": str(key)}}
            )
        if not self.single:
            configuration["workers"] = {
                name: {"role": role, "address": f"127.0.0.1:{self.ports[name]}"} for name, role in ROLES.items()
            }
        return configuration | self.settings
