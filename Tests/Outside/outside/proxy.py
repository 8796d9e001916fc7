"""HAProxy in front of a server's processes, as a deployment has it."""

import pathlib

from .processes import Child, answers, free_port, run


class Proxy:
    """One HAProxy process on a plain loopback port, and on a TLS port when it is given a certificate.

    `routes` is a list of `(name, condition, [address, ...])`; the first whose HAProxy condition holds is taken, the
    last one has the condition `None`. `health` is the path that tells whether a process may be used.
    """

    def __init__(self, folder, routes, *, health, tls=None):
        self.folder = pathlib.Path(folder)
        self.routes = routes
        self.health = health
        self.port = free_port()
        self.tls = tls
        self.tls_port = tls[2] if tls else None
        self.child = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        path = self.folder / "haproxy.cfg"
        path.write_text(self._configuration())
        run(["haproxy", "-c", "-q", "-f", path])
        self.child = Child("HAProxy", ["haproxy", "-db", "-f", path], self.folder / "haproxy.log").start()
        self.child.wait_until(lambda: answers(f"{self.url}/_matrix/client/versions"))
        return self

    def pids(self):
        return [self.child.pid]

    def stop(self):
        if self.child:
            self.child.stop()

    def _configuration(self):
        lines = [
            "global",
            "  maxconn 4000",
            "defaults",
            "  mode http",
            "  timeout connect 2s",
            "  timeout client 120s",
            "  timeout server 120s",
            "  timeout http-request 30s",
            "  retries 2",
            # A request that was sent and not answered is the client's to repeat; HAProxy tries another process only
            # when the connection itself failed.
            "  option redispatch",
            "  retry-on conn-failure",
            "  option http-keep-alive",
            "  http-reuse safe",
            "frontend front",
            f"  bind 127.0.0.1:{self.port}",
        ]
        if self.tls:
            certificate, key, port = self.tls
            pem = self.folder / "haproxy.pem"
            pem.write_text(pathlib.Path(certificate).read_text() + pathlib.Path(key).read_text())
            lines.append(f"  bind 127.0.0.1:{port} ssl crt {pem}")
        for name, condition, _ in self.routes:
            lines.append(f"  use_backend {name} if {{ {condition} }}" if condition else f"  default_backend {name}")
        for name, _, addresses in self.routes:
            lines += [f"backend {name}", "  balance leastconn", f"  option httpchk GET {self.health}"]
            for index, address in enumerate(addresses):
                lines.append(f"  server {name}-{index} {address} check inter 500ms fall 2 rise 1")
        return "\n".join(lines) + "\n"
