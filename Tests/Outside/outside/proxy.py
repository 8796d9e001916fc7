"""HAProxy in front of a server's processes, as a deployment has it."""

import pathlib

from .processes import Child, answers, run

_PREAMBLE = """\
global
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  timeout http-request 30s
  retries 2
  option redispatch
  option http-keep-alive
  http-reuse safe
"""


class Proxy:
    """One HAProxy process on loopback, with the configuration that it is given."""

    def __init__(self, folder, port, configuration):
        self.folder = pathlib.Path(folder)
        self.port = port
        self.configuration = configuration
        self.child = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        path = self.folder / "haproxy.cfg"
        path.write_text(self.configuration)
        run(["haproxy", "-c", "-q", "-f", path])
        self.child = Child("HAProxy", ["haproxy", "-db", "-f", path], self.folder / "haproxy.log").start()
        self.child.wait_until(lambda: answers(f"{self.url}/_matrix/client/versions"))
        return self

    def stop(self):
        if self.child:
            self.child.stop()


def balanced(port, routes, *, health):
    """A configuration that sends requests to the first route whose condition holds.

    `routes` is a list of `(name, condition, [address, ...])`; the last one has the condition `None`. `health` is the
    path that tells whether a process may be used.
    """
    lines = ["frontend front", f"  bind 127.0.0.1:{port}"]
    for name, condition, _ in routes:
        lines.append(f"  use_backend {name} if {{ {condition} }}" if condition else f"  default_backend {name}")
    for name, _, addresses in routes:
        lines += [f"backend {name}", "  balance leastconn", f"  option httpchk GET {health}"]
        for index, address in enumerate(addresses):
            lines.append(f"  server {name}-{index} {address} check inter 500ms fall 2 rise 1")
    return _PREAMBLE + "\n".join(lines) + "\n"
