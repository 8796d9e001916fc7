"""Synapse from PyPI on a private PostgreSQL, as the peer, the yardstick, and the proof of the suites themselves."""

import os
import pathlib
import secrets

import yaml

from .processes import Child, StartFailure, answers, free_port, run
from .proxy import Proxy, balanced
from .stores import Postgres, Redis

_HERE = pathlib.Path(__file__).resolve().parent.parent

# What Synapse's documentation lists for generic workers, as far as the suites and benchmarks ask for it.
_WORKER_PATHS = (
    "^/_matrix/client/(r0|v3|unstable)/(sync|events|initialSync|createRoom|joined_rooms|join/.*|publicRooms|search"
    "|rooms/[^/]*/(send|state|redact|join|invite|leave|kick|ban|unban|messages|context|members|joined_members|event)"
    "(/.*)?)$|^/_matrix/client/unstable/org.matrix.simplified_msc3575/sync$"
)


def synapse_python():
    """The interpreter of the virtual environment that Synapse is installed in."""
    path = os.environ.get("SYNAPSE_PYTHON") or str(_HERE / ".venv-synapse" / "bin" / "python")
    if not pathlib.Path(path).exists():
        raise StartFailure(f"no Synapse: {path} does not exist; Tests/Outside/run makes it, or set SYNAPSE_PYTHON")
    return path


def _no_limits():
    """Rate limits are measured elsewhere; here they would only hide the server's answer."""
    bucket = {"per_second": 100_000, "burst_count": 100_000}
    flat = ("message", "registration", "registration_token_validity", "admin_redaction", "room_creation")
    return {
        **{
            f"rc_{name}": bucket
            for name in (*flat, "3pid_validation", "media_create", "presence", "delayed_event_mgmt")
        },
        "rc_login": {"address": bucket, "account": bucket, "failed_attempts": bucket},
        "rc_joins": {"local": bucket, "remote": bucket},
        "rc_joins_per_room": bucket,
        "rc_invites": {"per_room": bucket, "per_user": bucket, "per_issuer": bucket},
        "rc_federation": {
            "window_size": 1000,
            "sleep_limit": 100_000,
            "sleep_delay": 1,
            "reject_limit": 100_000,
            "concurrent": 100,
        },
    }


class Synapse:
    """One Synapse: a single process, or with `workers` two client workers, an event persister and a sender.

    `tls` is `(certificate, key, port)`: the server then also answers federation requests on that port.
    """

    kind = "synapse"

    def __init__(self, folder, *, server_name="outside.test", tls=None, ca=None, workers=False, durable=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.server_name = server_name
        self.tls = tls
        self.ca = ca
        self.shared_secret = secrets.token_hex(16)
        self.postgres = Postgres(self.folder, durable=durable)
        self.redis = Redis(self.folder) if workers else None
        self.with_workers = workers
        self.ports = {"main-1": free_port(), "main-2": free_port(), "replication": free_port()}
        self.workers = {}
        self.main = None
        self.proxy = None

    # -- addresses

    @property
    def base_urls(self):
        """Two ways in past the load balancer: the client workers, or two listeners of the one process."""
        names = ("client-1", "client-2") if self.with_workers else ("main-1", "main-2")
        return [f"http://127.0.0.1:{self.ports[name]}" for name in names]

    @property
    def front_url(self):
        return self.proxy.url

    # -- life

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        self.postgres.start().create_database("synapse")
        if self.redis:
            self.redis.start()
        if self.with_workers:
            for name in ("client-1", "client-2", "persister-1", "sender-1"):
                self.ports[name] = free_port()
        self._write_configuration()
        run(
            [synapse_python(), "-m", "synapse.app.homeserver", "-c", "homeserver.yaml", "--generate-keys"],
            cwd=self.folder,
        )
        self.main = self._child("main", "synapse.app.homeserver", ["homeserver.yaml"]).start()
        self.main.wait_until(lambda: answers(f"http://127.0.0.1:{self.ports['main-1']}/health"), seconds=120)
        for name in ("persister-1", "sender-1", "client-1", "client-2") if self.with_workers else ():
            self.start_worker(name)
        front = free_port()
        self.proxy = Proxy(self.folder, front, balanced(front, self._routes(), health="/health")).start()

    def stop(self):
        for child in [self.proxy, *self.workers.values(), self.main, self.redis, self.postgres]:
            if child:
                child.stop()

    def start_worker(self, name):
        child = self._child(name, "synapse.app.generic_worker", ["homeserver.yaml", f"{name}.yaml"]).start()
        child.wait_until(lambda: answers(f"http://127.0.0.1:{self.ports[name]}/health"), seconds=120)
        self.workers[name] = child

    def kill_worker(self, name):
        self.workers[name].kill()

    def processes(self):
        """Process ids by what they are, for accounting."""
        found = {"main": self.main.pid, **{name: child.pid for name, child in self.workers.items()}}
        found |= {"postgres": self.postgres.child.pid}
        if self.redis:
            found |= {"redis": self.redis.child.pid, "haproxy": self.proxy.child.pid}
        return found

    def log_tails(self):
        children = [self.main, *self.workers.values()]
        return "\n".join(child.tail(20) for child in children if child)

    def _child(self, name, module, configurations):
        argv = [synapse_python(), "-m", module]
        for configuration in configurations:
            argv += ["-c", configuration]
        return Child(f"Synapse {name}", argv, self.folder / f"{name}.log", cwd=self.folder)

    def _routes(self):
        if not self.with_workers:
            return [("main", None, [f"127.0.0.1:{self.ports['main-1']}"])]
        workers = [f"127.0.0.1:{self.ports[name]}" for name in ("client-1", "client-2")]
        return [
            ("clients", f"path_reg '{_WORKER_PATHS}'", workers),
            ("main", None, [f"127.0.0.1:{self.ports['main-1']}"]),
        ]

    # -- configuration

    def _write_configuration(self):
        folder = self.folder
        (folder / "log.yaml").write_text(
            yaml.safe_dump(
                {
                    "version": 1,
                    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
                    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
                    "root": {"level": "WARNING", "handlers": ["console"]},
                }
            )
        )
        client = [{"names": ["client", "media", "federation"], "compress": False}]
        listeners = [self._listener(self.ports[name], client) for name in ("main-1", "main-2")]
        if self.tls:
            listeners.append(self._listener(self.tls[2], [{"names": ["federation", "media"]}], tls=True))
        if self.with_workers:
            listeners.append(self._listener(self.ports["replication"], [{"names": ["replication"]}]))
        configuration = {
            "server_name": self.server_name,
            "public_baseurl": f"http://127.0.0.1:{self.ports['main-1']}/",
            "listeners": listeners,
            "database": {
                "name": "psycopg2",
                "args": {
                    "host": "127.0.0.1",
                    "port": self.postgres.port,
                    "user": "postgres",
                    "dbname": "synapse",
                    "cp_min": 5,
                    "cp_max": 10,
                },
            },
            "log_config": str(folder / "log.yaml"),
            "media_store_path": str(folder / "media"),
            "max_upload_size": "50M",
            "signing_key_path": str(folder / "signing.key"),
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "registration_shared_secret": self.shared_secret,
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "ip_range_blacklist": [],
            "federation_ip_range_blacklist": [],
            "allow_public_rooms_without_auth": True,
            "allow_public_rooms_over_federation": True,
            "room_list_publication_rules": [{"user_id": "*", "alias": "*", "room_id": "*", "action": "allow"}],
            "dynamic_thumbnails": True,
            "experimental_features": {"msc3814_enabled": True},
            **_no_limits(),
            # The suites ask for the same first sync twice, and mean it. Measurements keep Synapse's own setting.
            **({} if self.postgres.durable else {"caches": {"sync_response_cache_duration": "0s"}}),
        }
        if self.tls:
            configuration |= {"tls_certificate_path": str(self.tls[0]), "tls_private_key_path": str(self.tls[1])}
        if self.ca:
            configuration["federation_custom_ca_list"] = [str(self.ca)]
        if self.with_workers:
            configuration |= self._worker_settings()
        (folder / "homeserver.yaml").write_text(yaml.safe_dump(configuration))

    @staticmethod
    def _listener(port, resources, tls=False):
        return {
            "port": port,
            "bind_addresses": ["127.0.0.1"],
            "type": "http",
            "tls": tls,
            "x_forwarded": True,
            "resources": resources,
        }

    def _worker_settings(self):
        names = {"client-1": "client", "client-2": "client", "persister-1": "replication", "sender-1": "health"}
        for name, resource in names.items():
            resources = [{"names": [resource]}] if resource != "health" else []
            (self.folder / f"{name}.yaml").write_text(
                yaml.safe_dump(
                    {
                        "worker_app": "synapse.app.generic_worker",
                        "worker_name": name,
                        "worker_listeners": [self._listener(self.ports[name], resources)],
                        "worker_log_config": str(self.folder / "log.yaml"),
                    }
                )
            )
        return {
            "redis": {"enabled": True, "host": "127.0.0.1", "port": self.redis.port},
            "instance_map": {
                "main": {"host": "127.0.0.1", "port": self.ports["replication"]},
                "persister-1": {"host": "127.0.0.1", "port": self.ports["persister-1"]},
            },
            "stream_writers": {"events": ["persister-1"]},
            "federation_sender_instances": ["sender-1"],
            "send_federation": False,
        }
