"""People complete stages of authentication in a browser, since their app does not know them."""

import hashlib
import hmac
import http.server
import shutil
import threading

import pytest

from outside.browser import Browser
from outside.client import Client, User, fresh_name

pytestmark = [
    pytest.mark.apus_only("the pages are Apus's own"),
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="Chromium and its driver are not installed"),
]

TERMS = [
    {"policy": "terms", "version": "1.0", "language": "en", "name": "Terms & conditions", "url": "https://x.test/t?a=1&b=2"},
    {"policy": "privacy", "version": "2", "language": "en", "name": "Privacy", "url": "https://x.test/privacy"},
    {"policy": "privacy", "version": "2", "language": "fr", "name": "Vie privée", "url": "https://x.test/fr"},
]  # fmt: skip
PASSWORD = "correct horse battery staple"

# The specification's example of a client in a browser.
APP = b"""<!DOCTYPE html><title>app</title><script>
window.done = [];
window.addEventListener("message", function (event) { window.done.push([event.data, event.origin]); });
</script>"""


@pytest.fixture(scope="module")
def server(start_homeserver):
    registration = {"open": False, "require_token": True, "shared_secret": "secret", "terms": TERMS}
    return start_homeserver("pages", kind="apus", settings={"registration": registration})


@pytest.fixture(scope="module")
def browser(data_folder):
    browser = Browser(data_folder / "browser")
    try:
        yield browser.start()
    finally:
        browser.stop()


@pytest.fixture(scope="module")
def administrator(server):
    """Somebody with a registration token for whoever is to register."""
    return shared_secret_user(server, "root", admin=True)


@pytest.fixture(scope="module")
def app_url():
    """Where a client in a browser comes from: another origin than the server's."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(APP)

        def log_message(self, *_):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}/"
    site.shutdown()


def shared_secret_user(server, name, admin=False):
    client = Client(server.base_urls)
    nonce = client.get("/_synapse/admin/v1/register").ok()["nonce"]
    text = "\0".join([nonce, name, PASSWORD, "admin" if admin else "notadmin"])
    mac = hmac.new(b"secret", text.encode(), hashlib.sha1).hexdigest()
    body = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": admin, "mac": mac}
    return User(server.base_urls, client.post("/_synapse/admin/v1/register", body).ok(), PASSWORD)


class Popup:
    """The page of a stage in a window that an app has opened."""

    def __init__(self, browser, app_url, server, stage, session):
        self.browser = browser
        browser.open(app_url)
        self.app = browser.window
        self.url = f"{server.front_url}/_matrix/client/v3/auth/{stage}/fallback/web?session={session}"
        self.origin = server.front_url
        browser.script("window.popup = window.open(arguments[0]);", self.url)
        browser.until(lambda: len(browser.windows()) == 2)
        browser.switch(next(window for window in browser.windows() if window != self.app))
        browser.until(lambda: browser.has("main h1"))

    def submit(self):
        self.browser.script("window.old = true;")
        self.browser.click("button[type=submit]")
        self.browser.until(
            lambda: not self.browser.script("return window.old === true;") and self.browser.has("main h1")
        )

    def is_done(self):
        """Back to the app. Whether it was told, once, and by the server's own page."""
        assert self.browser.complaints_of_policy() == []
        self.browser.switch(self.app)
        self.browser.until(lambda: self.browser.script("return window.done.length > 0;"))
        told = self.browser.script("return window.done;")
        self.browser.script("window.popup.close();")
        self.browser.until(lambda: len(self.browser.windows()) == 1)
        return told == [["authDone", self.origin]]


def test_registration_with_token_and_terms(server, browser, administrator, app_url):
    administrator.post("/_synapse/admin/v1/registration_tokens/new", {"token": "invite", "uses_allowed": 1}).ok()
    client = Client(server.base_urls)
    name = fresh_name("newcomer")
    challenge = client.post("/register", {"username": name, "password": PASSWORD})
    assert challenge.status == 401
    assert challenge["flows"] == [{"stages": ["m.login.registration_token", "m.login.terms"]}]
    assert set(challenge["params"]["m.login.terms"]["policies"]) == {"terms", "privacy"}
    session = challenge["session"]

    page = Popup(browser, app_url, server, "m.login.registration_token", session)
    browser.type("#token", "wrong")
    page.submit()
    assert "cannot be used" in browser.text("[role=alert]")
    browser.type("#token", "invite")
    page.submit()
    assert page.is_done()
    waiting = client.post("/register", {"auth": {"session": session}})
    assert waiting.status == 401 and waiting["completed"] == ["m.login.registration_token"]

    page = Popup(browser, app_url, server, "m.login.terms", session)
    links = browser.script("return Array.from(document.querySelectorAll('a')).map(a => [a.textContent, a.href]);")
    assert links == [["Terms & conditions", "https://x.test/t?a=1&b=2"], ["Privacy", "https://x.test/privacy"]]
    # The browser itself holds back a form with a box that is not ticked; so does the server.
    browser.click("input[value='terms 1.0']")
    browser.click("button[type=submit]")
    assert browser.has("input[name=accept]")
    browser.script("document.querySelector('form').noValidate = true;")
    page.submit()
    assert "accept each" in browser.text("[role=alert]")
    for box in ("terms 1.0", "privacy 2"):
        browser.click(f"input[value='{box}']")
    page.submit()
    assert page.is_done()

    answer = client.post("/register", {"auth": {"session": session}}).ok()
    assert answer["user_id"].startswith(f"@{name}:")
    assert client.get("/account/whoami", token=answer["access_token"]).ok()["user_id"] == answer["user_id"]


def test_a_device_is_deleted_by_the_password_page(server, browser, app_url):
    user = shared_secret_user(server, fresh_name("alice"))
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user.user_id},
        "password": PASSWORD,
    }
    lost = user.post("/login", {**login, "device_id": "LOST"}, token=None).ok()
    challenge = user.delete("/devices/LOST")
    assert challenge.status == 401 and challenge["flows"] == [{"stages": ["m.login.password"]}]
    session = challenge["session"]

    page = Popup(browser, app_url, server, "m.login.password", session)
    assert user.user_id in browser.text("main") and "sign out a device" in browser.text("main")
    browser.type("#password", "<script>document.title='owned'</script>")
    page.submit()
    assert browser.text("[role=alert]") == "This is not the password."
    assert browser.title == "Confirm that it is you"
    browser.type("#password", PASSWORD)
    page.submit()
    assert page.is_done()

    user.delete("/devices/LOST", body={"auth": {"session": session}}).ok()
    assert user.get("/account/whoami", token=lost["access_token"]).refused(401, "M_UNKNOWN_TOKEN")
    # Once is once.
    assert user.delete("/devices/LOST", body={"auth": {"session": session}}).status == 401


def test_an_embedded_browser_is_told_by_its_function(server, browser):
    user = shared_secret_user(server, fresh_name("alice"))
    session = user.delete("/devices/NONE")["session"]
    browser.open(f"{server.front_url}/_matrix/client/v3/auth/m.login.password/fallback/web?session={session}")
    # An app that embeds a browser gives each page this function before its scripts run.
    browser.before_each_page("window.onAuthDone = function () { document.title = 'told'; };")
    browser.type("#password", PASSWORD)
    browser.click("button[type=submit]")
    browser.until(lambda: browser.title == "told")
    browser.before_each_page(None)


def test_nobody_frames_the_pages_or_posts_to_them_from_elsewhere(server, browser, app_url):
    user = shared_secret_user(server, fresh_name("alice"))
    session = user.delete("/devices/NONE")["session"]
    url = f"{server.front_url}/_matrix/client/v3/auth/m.login.password/fallback/web?session={session}"
    browser.open(app_url)
    browser.script(
        """
        var frame = document.createElement("iframe");
        frame.src = arguments[0];
        frame.onload = function () { window.framed = true; };
        document.body.append(frame);
        """,
        url,
    )
    browser.until(lambda: any("frame" in line.lower() for line in browser.complaints()))
    browser.script(
        """
        var form = document.createElement("form");
        form.method = "post";
        form.action = arguments[0];
        form.innerHTML = '<input name="password">';
        form.elements[0].value = arguments[1];
        document.body.append(form);
        form.submit();
        """,
        url,
        PASSWORD,
    )
    browser.until(lambda: browser.title == "Not from here")
    assert user.delete("/devices/NONE", body={"auth": {"session": session}}).status == 401


def test_the_login_page_hands_the_answer_to_the_app(server, browser):
    user = shared_secret_user(server, fresh_name("alice"))
    browser.open(
        f"{server.front_url}/_matrix/static/client/login/?device_id=PAGE&initial_device_display_name=A+%3Cb%3E"
    )
    browser.script("window.matrixLogin.onLogin = function (response) { window.response = response; };")
    browser.type("#user", user.localpart)
    browser.type("#password", "wrong")
    browser.click("#submit")
    browser.until(lambda: browser.text("#problem") == "Invalid username or password")
    browser.type("#password", PASSWORD)
    browser.click("#submit")
    browser.until(lambda: browser.script("return window.response !== undefined;"))
    response = browser.script("return window.response;")
    assert response["user_id"] == user.user_id and response["device_id"] == "PAGE"
    device = user.get("/devices/PAGE", token=response["access_token"]).ok()
    assert device["display_name"] == "A <b>"
