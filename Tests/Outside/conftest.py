"""Options and fixtures of all suites. A server that cannot start fails the run; nothing is skipped silently."""

import itertools
import os
import pathlib
import shutil
import tempfile

import pytest

from apus_cluster import ApusCluster
from outside.certificates import Authority
from outside.client import Client, register
from outside.processes import free_port
from outside.synapse import Synapse

NOT_SERVED = pathlib.Path(__file__).resolve().parents[1] / "ConformanceTests" / "Fixtures" / "not-served.txt"


def pytest_addoption(parser):
    group = parser.getgroup("homeserver")
    group.addoption("--homeserver", choices=["apus", "synapse"], default="apus", help="the server under test")
    group.addoption("--apus-bin", help="folder of Apus's executables (default: APUS_BIN, else .build/release)")
    group.addoption("--apus-mode", choices=["cluster", "serve"], default="cluster", help="workers, or one process")
    group.addoption("--keep-data", action="store_true", help="leave data and logs of the servers behind")


def pytest_configure(config):
    if config.getoption("--apus-bin"):
        checkout = pathlib.Path(__file__).resolve().parents[2]
        os.environ["APUS_BIN"] = str(checkout / config.getoption("--apus-bin"))


def pytest_collection_modifyitems(config, items):
    if config.getoption("--homeserver") == "apus":
        missing = not_served()
        waiting = [item for item in items if any(mark.args[0] in missing for mark in item.iter_markers("rests_on"))]
        if waiting:
            config.hook.pytest_deselected(items=waiting)
            items[:] = [item for item in items if item not in waiting]
        for item in items:
            for mark in item.iter_markers("uses"):
                if mark.args[0] in missing:
                    item.add_marker(pytest.mark.xfail(reason=f"not served yet: {mark.args[0]}", strict=True))
        return
    for item in items:
        difference = item.get_closest_marker("spec_only")
        if difference:
            item.add_marker(pytest.mark.xfail(reason=difference.args[0], strict=True))
    left = [item for item in items if item.get_closest_marker("apus_only")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def not_served():
    """The operations that Apus does not serve yet, as its own tests list them: `METHOD path`."""
    lines = NOT_SERVED.read_text().splitlines() if NOT_SERVED.exists() else []
    return {line.strip() for line in lines if not line.startswith("#")}


@pytest.fixture(scope="session")
def data_folder(request):
    """A folder that PostgreSQL's own user can reach, removed at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="apus-outside-"))
    path.chmod(0o711)
    yield path
    if request.config.getoption("--keep-data"):
        print(f"\nleft behind: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(data_folder):
    return Authority(data_folder / "certificates")


@pytest.fixture(scope="session")
def start_homeserver(request, data_folder):
    """Starts a homeserver of the kind under test, or of a given kind; all are stopped at the end of the session."""
    started = []

    def start(name, kind=None, **settings):
        kind = kind or request.config.getoption("--homeserver")
        if kind == "apus":
            settings.setdefault("single", request.config.getoption("--apus-mode") == "serve")
        server = {"apus": ApusCluster, "synapse": Synapse}[kind](data_folder / name, **settings)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def start_federating(start_homeserver, authority):
    """Starts a homeserver that others find under its name."""

    def start(name, kind=None, **settings):
        port = free_port()
        certificate, key = authority.issue(name)
        return start_homeserver(
            name,
            kind,
            server_name=f"localhost:{port}",
            tls=(certificate, key, port),
            ca=authority.certificate,
            **settings,
        )

    return start


@pytest.fixture(scope="session")
def tested(start_federating):
    """The homeserver under test, where other servers find it."""
    return start_federating("tested")


@pytest.fixture(scope="session")
def synapse_peer(start_federating):
    """A Synapse that others find."""
    return start_federating("synapse", "synapse")


@pytest.fixture(scope="session")
def same_peer(start_federating, tested):
    """Another homeserver of the kind under test that others find, in one process."""
    return start_federating("same", **({"single": True} if tested.kind == "apus" else {}))


@pytest.fixture(scope="module", params=["synapse", "same"])
def servers(request, tested):
    """The homeserver under test, and its peer: a Synapse, or another of the same kind."""
    return {"tested": tested, "peer": request.getfixturevalue(f"{request.param}_peer")}


@pytest.fixture(params=["tested", "peer"], ids=["room of the tested server", "room of the peer"])
def direction(request):
    """Whose room it is."""
    return (request.param, "peer" if request.param == "tested" else "tested")


@pytest.fixture
def host(servers, direction):
    """A user of the homeserver whose room it is."""
    server = servers[direction[0]]
    return register([server.front_url, *server.base_urls], "host")


@pytest.fixture
def guest(servers, direction):
    """A user of the other homeserver."""
    server = servers[direction[1]]
    return register([server.front_url, *server.base_urls], "guest")


@pytest.fixture(scope="session")
def homeserver(start_homeserver):
    """The homeserver that most suites share."""
    return start_homeserver("shared")


@pytest.fixture(scope="module")
def cluster(request, start_homeserver):
    """A homeserver of several processes that the suite may kill."""
    settings = {"workers": True} if request.config.getoption("--homeserver") == "synapse" else {"single": False}
    server = start_homeserver(f"cluster-{request.module.__name__}", **settings)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def anyone(homeserver):
    """A client without an access token."""
    return Client(homeserver.front_url)


@pytest.fixture
def new_user(homeserver):
    """Registers a user of a fresh name. Each user keeps to one way into the server, the next user takes the next way:

    a worker may learn of what another one wrote a moment later, and everybody shall see what they did themselves.
    """
    urls = [homeserver.front_url, *homeserver.base_urls]
    ways = itertools.cycle(urls)

    def make(name="user", **settings):
        return register(urls, name, way=next(ways), **settings)

    return make


@pytest.fixture
def alice(new_user):
    return new_user("alice")


@pytest.fixture
def bob(new_user):
    return new_user("bob")


@pytest.fixture
def carol(new_user):
    return new_user("carol")
