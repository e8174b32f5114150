"""Objectives have the same colours in pictures, pages and the viewer, and all of them are seen."""

import re

import pytest
from sight import contrast

from mesa_gym.rendering.colours import BASE, NONE, PROXIES, to_hex
from mesa_gym.report.page import STYLE
from mesa_gym.viewer.drawing import PALETTE


@pytest.mark.parametrize("colour", [BASE, *PROXIES, NONE])
@pytest.mark.parametrize("page", [(255, 255, 255), (0x14, 0x17, 0x1A)])
def test_each_stands_out_from_light_and_dark_pages(colour, page):
    assert contrast(colour, page) >= 3


def test_pages_have_them_in_the_light_and_proxies_in_the_dark_too():
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", part))
        for part in STYLE.read_text().split("prefers-color-scheme: dark")
    )
    proxies = dict(zip(("proxy-a", "proxy-b", "proxy-c"), map(to_hex, PROXIES), strict=True))
    own = {"base": to_hex(BASE), "rest": to_hex(NONE)} | proxies
    assert own.items() <= light.items()
    assert proxies.items() <= dark.items()


def test_the_viewer_has_them():
    assert (BASE, *PROXIES) == PALETTE
