"""A stock Firefox without a window, spoken to by WebDriver BiDi: no driver of anybody else's."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import websocket

#: A browser that never starts, or a page that never gets there, fails at last.
PATIENCE_S = 120
PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    # one page needs one process: none is kept ready, nor any for sound, add-ons or the network
    "dom.ipc.processCount": 1,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.enabledScopes": 0,
    "extensions.webextensions.remote": False,
    "fission.autostart": False,
    "media.rdd-process.enabled": False,
    "media.utility-process.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.process.enabled": False,
    "remote.prefs.recommended": True,
    "toolkit.telemetry.server": "",
}


class Firefox:
    """One browser with one page; ``with Firefox(program, profile) as firefox``.

    ``faults`` gathers errors of scripts and of the console, and requests beyond the page itself.
    """

    def __init__(self, program: str, profile: Path) -> None:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--profile", str(profile),
             "--remote-debugging-port", "0", "about:blank"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._numbers, self.faults = count(1), []
        address = self._listening()
        self._socket = websocket.create_connection(
            f"{address}/session", timeout=PATIENCE_S, suppress_origin=True
        )
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self._page = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def _listening(self) -> str:
        """Wait until the browser says where it listens."""
        told = []
        for line in self._process.stdout:
            told.append(line)
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                # what it says further is read away, so that it never waits for a reader
                Thread(target=self._process.stdout.read, daemon=True).start()
                return found[1]
        raise AssertionError(f"Firefox ended before it listened: {''.join(told)[-2000:]}")

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command and give its result; what happens meanwhile is noted."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("type") == "event":
                self._note(told["method"], told["params"])
            elif told.get("id") == number:
                assert told["type"] == "success", f"{method}: {told.get('message', told)}"
                return told["result"]

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "log.entryAdded" and told["level"] == "error":
            self.faults.append(f"error: {told['text']}")
        elif event == "network.beforeRequestSent":
            url = told["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.faults.append(f"request: {url}")

    def open(self, address: str) -> None:
        """Go to a page and wait until it has answered."""
        self.call("browsingContext.navigate", context=self._page, url=address, wait="complete")
        self.ask("document.body.dataset.ready")

    def ask(self, expression: str) -> Any:
        """Give the value of an expression in the page."""
        told = f"Promise.resolve({expression}).then((found) => JSON.stringify(found ?? null))"
        found = self.call(
            "script.evaluate", expression=told, target={"context": self._page},
            awaitPromise=True, userActivation=True,
        )  # fmt: skip
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"])

    def keys(self, text: str) -> None:
        """Type; U+E007 is Enter, U+E004 Tab."""
        strokes = [{"type": t, "value": k} for k in text for t in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        self.call("input.performActions", context=self._page, actions=actions)

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call("browser.close")
        finally:
            self._socket.close()
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process.stdout.close()
