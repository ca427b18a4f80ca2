"""Opening a URL, in a fake browser that records its arguments."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from porttui.host.programs import RunAs, open_url
from porttui.host.request import HostError
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="displays are told by X11's name")


def test_the_browser_that_is_wished_for_gets_it(tmp_path: Path) -> None:
    got = tmp_path / "got"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {got}.part; mv {got}.part {got}\n')
    browser.chmod(0o755)
    environ = {**os.environ, "DISPLAY": ":7", "BROWSER": str(browser)}
    open_url("http://127.0.0.1:3000/", RunAs(environ))
    until(got.exists, "a browser that was started")
    assert got.read_text() == "http://127.0.0.1:3000/"


def test_without_a_display_none_is_started() -> None:
    environ = {name: text for name, text in os.environ.items() if "DISPLAY" not in name}
    with pytest.raises(HostError, match="no graphical display"):
        open_url("http://127.0.0.1:3000/", RunAs(environ))
