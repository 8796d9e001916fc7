"""A browser as people have it, without a screen: Debian's Chromium, driven over the WebDriver protocol."""

import contextlib
import os
import shutil
import tempfile
import time

import requests

from outside.processes import Child, StartFailure, answers, free_port

# How WebDriver names an element in its answers.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
REQUEST_SECONDS = 60


class BrowserError(Exception):
    """What the driver refuses, in its own words."""


class Browser:
    """One browser with a profile of its own, and one driver. Pages are found by CSS selectors."""

    def __init__(self, folder):
        self.folder = folder
        self.profile = None
        self.driver = None
        self.session = None
        self._early = None

    def start(self):
        executable = shutil.which("chromedriver")
        if executable is None:
            raise StartFailure("chromedriver is not installed (Debian's package chromium-driver)")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.profile = tempfile.mkdtemp(prefix="apus-browser-")
        self.port = free_port()
        argv = [executable, f"--port={self.port}", "--allowed-ips=127.0.0.1"]
        # It speaks to loopback only, and not through a proxy that the machine may have for the world.
        env = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
        self.driver = Child("chromedriver", argv, self.folder / "chromedriver.log", cwd=self.folder, env=env).start()
        self.driver.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/status"))
        # Its sandbox does not work for root, which tests may be.
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
            "--disable-background-networking", f"--user-data-dir={self.profile}", "--lang=en",
        ]  # fmt: skip
        options = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.session = answer["sessionId"]
        return self

    def stop(self):
        if self.session:
            with contextlib.suppress(BrowserError, requests.RequestException):
                self._ask("DELETE", f"/session/{self.session}")
            self.session = None
        if self.driver:
            self.driver.stop()
        if self.profile:
            shutil.rmtree(self.profile, ignore_errors=True)

    def _ask(self, method, path, body=None):
        answer = requests.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            # Commands without parameters still have a body.
            json={} if method == "POST" and body is None else body,
            timeout=REQUEST_SECONDS,
            proxies={"http": None},
        )
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise BrowserError(f"{value.get('error')}: {value.get('message')}")
        return value

    def _command(self, method, path, body=None):
        return self._ask(method, f"/session/{self.session}{path}", body)

    # -- pages

    def open(self, url):
        self._command("POST", "/url", {"url": url})

    def script(self, text, *arguments):
        return self._command("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    @property
    def source(self):
        return self._command("GET", "/source")

    @property
    def title(self):
        return self._command("GET", "/title")

    def text(self, selector):
        """What a person reads in an element; nothing while it is hidden."""
        return self._command("GET", f"/element/{self._find(selector)}/text")

    def type(self, selector, text):
        element = self._find(selector)
        self._command("POST", f"/element/{element}/clear")
        self._command("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector):
        self._command("POST", f"/element/{self._find(selector)}/click")

    def has(self, selector):
        return bool(self._command("POST", "/elements", {"using": "css selector", "value": selector}))

    def _find(self, selector):
        return self._command("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def until(self, true, seconds=15):
        """Returns when `true()` is; asserts that it comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if true():
                    return
            except BrowserError:
                pass  # the page is just being replaced by the next one
            assert time.monotonic() < deadline, f"did not happen on {self.source}"
            time.sleep(0.05)

    def complaints(self):
        """What the browser found wrong with the page and its policy since it was last asked."""
        entries = self._command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def complaints_of_policy(self):
        return [line for line in self.complaints() if "Content Security Policy" in line]

    def before_each_page(self, script):
        """Has a script run in each new page before its own do; `None` ends that."""
        if self._early:
            self._cdp("Page.removeScriptToEvaluateOnNewDocument", self._early)
            self._early = None
        if script:
            self._early = self._cdp("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def _cdp(self, command, parameters):
        return self._command("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    # -- windows

    @property
    def window(self):
        return self._command("GET", "/window")

    def windows(self):
        return self._command("GET", "/window/handles")

    def switch(self, window):
        self._command("POST", "/window", {"handle": window})
