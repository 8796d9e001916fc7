"""Uploading, downloading, and thumbnails."""

import http.client
import io
import json
import struct
import zlib

import pytest
from PIL import Image

from outside.client import q

pytestmark = pytest.mark.rests_on("POST /_matrix/media/v3/upload")

SYNAPSE_FAILS = pytest.mark.spec_only("Synapse answers 500")
MEDIA = "/_matrix/client/v1/media"
LEGACY = "/_matrix/media/v3"


def picture(width=640, height=480, kind="PNG", mode="RGB"):
    """A picture with something to see in it, as a file."""
    image = Image.radial_gradient("L").resize((width, height)).convert(mode)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def black_picture(side):
    """A black square as a PNG that is small itself, made without ever having it in memory."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" * (1 + side // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def upload(user, data, kind="application/octet-stream", **query):
    answer = user.post(f"{LEGACY}/upload", raw=data, headers={"Content-Type": kind}, query=query).ok()
    assert answer["content_uri"].startswith(f"mxc://{user.server_name}/")
    return answer["content_uri"].removeprefix("mxc://")


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_what_was_uploaded_is_downloaded(alice, bob, size):
    data = bytes(n * 31 % 251 for n in range(min(size, 100_000))) * max(1, size // 100_000)
    path = upload(alice, data[:size], "application/x-test", filename="a file.bin")
    answer = bob.get(f"{MEDIA}/download/{path}").ok()
    assert answer.bytes == data[:size]
    assert answer.headers["Content-Type"] == "application/x-test"
    assert "a file.bin" in answer.headers["Content-Disposition"].replace("%20", " ")


def test_the_file_name_may_be_asked_for(alice):
    path = upload(alice, b"x", "text/plain", filename="one.txt")
    answer = alice.get(f"{MEDIA}/download/{path}/other.txt").ok()
    assert "other.txt" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(("kind", "shown"), [("text/html", "attachment"), ("image/png", "inline")])
def test_only_harmless_kinds_are_shown_inline(alice, kind, shown):
    path = upload(alice, picture(), kind)
    answer = alice.get(f"{MEDIA}/download/{path}").ok()
    assert answer.headers["Content-Disposition"].split(";")[0] == shown
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_media_needs_a_token(alice):
    path = upload(alice, b"secret")
    for url in (f"{MEDIA}/download/{path}", f"{MEDIA}/thumbnail/{path}?width=32&height=32", f"{MEDIA}/config"):
        alice.get(url, token=None).refused(401, "M_MISSING_TOKEN")
    alice.post(f"{LEGACY}/upload", raw=b"x", token=None).refused(401, "M_MISSING_TOKEN")


def test_new_media_is_not_served_on_the_legacy_paths(alice, anyone):
    path = upload(alice, picture(), "image/png")
    for url in (f"{LEGACY}/download/{path}", f"{LEGACY}/thumbnail/{path}?width=32&height=32"):
        anyone.get(url).refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize(
    ("width", "height", "method", "at_least"),
    [
        (32, 32, "crop", (32, 32)),
        (96, 96, "crop", (96, 96)),
        (320, 240, "scale", (320, 240)),
        (50, 50, "scale", (50, 1)),
    ],
)
def test_thumbnails(alice, width, height, method, at_least):
    path = upload(alice, picture(), "image/png")
    query = {"width": width, "height": height, "method": method}
    answer = alice.get(f"{MEDIA}/thumbnail/{path}", query=query).ok()
    assert answer.headers["Content-Type"] in ("image/png", "image/jpeg", "image/webp")
    image = Image.open(io.BytesIO(answer.bytes))
    assert image.width >= at_least[0] and image.height >= at_least[1]
    assert image.width < 640
    if method == "crop":
        assert image.width == image.height
    else:
        assert abs(image.width / image.height - 640 / 480) < 0.05


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "WEBP", "PNG"])
def test_thumbnails_of_each_format(alice, kind):
    path = upload(alice, picture(kind=kind), f"image/{kind.lower()}")
    answer = alice.get(f"{MEDIA}/thumbnail/{path}", query={"width": 64, "height": 64, "method": "scale"}).ok()
    assert Image.open(io.BytesIO(answer.bytes)).width < 640


def test_a_small_picture_is_not_enlarged(alice):
    path = upload(alice, picture(20, 20), "image/png")
    answer = alice.get(f"{MEDIA}/thumbnail/{path}", query={"width": 64, "height": 64, "method": "scale"}).ok()
    assert Image.open(io.BytesIO(answer.bytes)).size == (20, 20)


@pytest.mark.parametrize(
    "query",
    [
        {},
        pytest.param({"width": 0, "height": 32}, marks=SYNAPSE_FAILS),
        {"width": "x", "height": 32},
        {"width": -5, "height": 5},
    ],
    ids=str,
)
def test_bad_thumbnail_sizes_are_refused(alice, query):
    path = upload(alice, picture(), "image/png")
    alice.get(f"{MEDIA}/thumbnail/{path}", query=query).refused(400)


@pytest.mark.parametrize("data", [b"not a picture", picture()[:20], b""], ids=["text", "cut off", "empty"])
def test_what_is_no_picture_has_no_thumbnail(alice, data):
    path = upload(alice, data, "image/png")
    answer = alice.get(f"{MEDIA}/thumbnail/{path}", query={"width": 32, "height": 32})
    assert answer.status in (400, 404, 413), answer


def test_a_picture_of_too_many_points_has_no_thumbnail(alice):
    """A small file that would fill the memory when decoded."""
    path = upload(alice, black_picture(50_000), "image/png")
    answer = alice.get(f"{MEDIA}/thumbnail/{path}", query={"width": 32, "height": 32})
    assert answer.status in (400, 404, 413), answer


def test_unknown_media_is_not_found(alice):
    alice.get(f"{MEDIA}/download/{alice.server_name}/unknownunknown").refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize("media", ["..%2F..%2Fetc%2Fpasswd", pytest.param("a%00b", marks=SYNAPSE_FAILS), "%2e%2e"])
def test_paths_do_not_leave_the_store(alice, media):
    answer = alice.get(f"{MEDIA}/download/{alice.server_name}/{media}")
    assert answer.status in (400, 404), answer


def test_the_limit_is_told(alice):
    assert alice.get(f"{MEDIA}/config").ok()["m.upload.size"] == 50 * 1024 * 1024


@pytest.mark.spec_only("Synapse breaks the connection off")
def test_the_limit_is_kept(alice, homeserver):
    """The length alone tells that it is too much: the answer is there before the content was sent."""
    host, port = homeserver.front_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("POST", f"{LEGACY}/upload")
    connection.putheader("Authorization", f"Bearer {alice.token}")
    connection.putheader("Content-Length", str(50 * 1024 * 1024 + 1))
    connection.endheaders(b"\0" * 1000)
    answer = connection.getresponse()
    assert answer.status == 413 and json.loads(answer.read())["errcode"] == "M_TOO_LARGE"
    connection.close()


@pytest.mark.uses("POST /_matrix/media/v1/create")
def test_a_media_id_may_be_made_before_its_content(alice):
    created = alice.post("/_matrix/media/v1/create").ok()
    path = created["content_uri"].removeprefix("mxc://")
    alice.get(f"{MEDIA}/download/{path}", query={"timeout_ms": 0}).refused(504, "M_NOT_YET_UPLOADED")
    server, media = path.split("/")
    alice.put(f"{LEGACY}/upload/{server}/{q(media)}", raw=b"late", headers={"Content-Type": "text/plain"}).ok()
    assert alice.get(f"{MEDIA}/download/{path}").ok().bytes == b"late"
    again = alice.put(f"{LEGACY}/upload/{server}/{q(media)}", raw=b"again")
    again.refused(409, "M_CANNOT_OVERWRITE_MEDIA")
