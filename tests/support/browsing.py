"""Headless Chromium for the tests of pages; without it, or without Playwright, they are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
# Without these Chromium looks for its maker's servers at every start.
OFFLINE = ("background-networking", "component-update", "sync")
ARGUMENTS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *(f"--disable-{part}" for part in OFFLINE),
]


class Tab:
    """A page that must say nothing on the console and fetch only files."""

    def __init__(self, browser: Any, folder: Path, **look: Any) -> None:
        self.context = browser.new_context(**look)
        self.page = self.context.new_page()
        self.page.set_default_timeout(5000)
        self.folder = folder
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file://", "data:")):
            self.said.append(request.url)

    def open(self, address: str) -> Any:
        self.page.goto((self.folder / "board").as_uri() + "/" + address)
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.said == []
