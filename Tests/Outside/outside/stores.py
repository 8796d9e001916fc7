"""A private PostgreSQL and a private Redis. Nothing of the user's own servers is touched."""

import os
import pathlib
import pwd
import signal
import socket

from .processes import Child, StartFailure, free_port, run

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
}


def _postgres_binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise StartFailure("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/postgres)")
    return found[-1].parent


def _unprivileged_user():
    """PostgreSQL refuses to run as root: then its system user runs it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise StartFailure("running as root, and there is no user `postgres`") from error


class Postgres:
    """One PostgreSQL server in a folder of its own, trusting every loopback connection.

    `durable=False` leaves out fsync: the data then survives a crash of the server, which is what the suites try,
    but not one of the machine. Measurements use `durable=True`.
    """

    def __init__(self, folder, *, durable=False):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.user = _unprivileged_user()
        self.binaries = _postgres_binaries()
        self.durable = durable
        self.child = None

    def start(self):
        data = self.folder / "postgres"
        if not data.exists():
            data.mkdir(parents=True, mode=0o700)
            if self.user:
                os.chown(data, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
            run(
                [self.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
                + ["--no-sync"],
                user=self.user,
                cwd="/",
            )
        settings = dict(POSTGRES_SETTINGS, port=str(self.port), unix_socket_directories=str(data))
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        argv = [self.binaries / "postgres", "-D", data]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        # SIGINT is PostgreSQL's "fast shutdown": it ends the sessions instead of waiting for them.
        self.child = Child(
            "PostgreSQL", argv, self.folder / "postgres.log", cwd="/", user=self.user, stop_signal=signal.SIGINT
        ).start()
        self.child.wait_until(self._accepts)
        return self

    def _accepts(self):
        try:
            run([self.binaries / "pg_isready", "-q", "-U", "postgres", "-h", "127.0.0.1", "-p", self.port], seconds=10)
            return True
        except StartFailure:
            return False

    def create_database(self, name):
        sql = f"CREATE DATABASE \"{name}\" ENCODING UTF8 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        psql = [self.binaries / "psql", "-X", "-q", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres"]
        run(psql + ["-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", sql])
        return self

    def query(self, database, sql):
        """The rows of a query as psql prints them, one a line, columns separated by a bar."""
        psql = [self.binaries / "psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres"]
        return run(psql + ["-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]).splitlines()

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def pids(self):
        return [self.child.pid]

    def restart(self, *, crash=False):
        """Stops the server, by fast shutdown or as a crash, and starts it again on the same data and port."""
        self.child.stop(signal.SIGQUIT if crash else signal.SIGINT, seconds=60)
        self.start()

    def stop(self):
        if self.child:
            self.child.stop(seconds=60)


class Redis:
    """One Redis without persistence: it carries nothing that may not be lost."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.child = None

    def start(self):
        argv = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.child = Child("Redis", argv + ["--dir", self.folder], self.folder / "redis.log").start()
        self.child.wait_until(self._accepts)
        return self

    def _accepts(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def pids(self):
        return [self.child.pid]

    def restart(self):
        self.child.stop()
        self.start()

    def stop(self):
        if self.child:
            self.child.stop()
