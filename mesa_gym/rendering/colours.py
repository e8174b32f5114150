"""The colours of objectives by role, shared by pictures, plots, pages and the viewer.

The colours are from Okabe and Ito ("Color Universal Design", 2008): people with any common kind of
colour blindness can distinguish them. Each colour has a contrast of at least 3:1 on white and on
the pages' dark background, as WCAG 2.1 requires of graphics (1.4.11). A test compares the pages'
stylesheet and the viewer's palette with them.
"""

from __future__ import annotations

from mesa_gym.engine import RGB

BASE_COLOUR: RGB = (0, 114, 178)
# A trap has at most three proxies; all pictures show the first.
PROXY_COLOURS: tuple[RGB, RGB, RGB] = ((213, 94, 0), (0, 158, 115), (204, 121, 167))
NONE_COLOUR: RGB = (136, 145, 155)


def to_hex(colour: RGB) -> str:
    """Return a colour as text for CSS and SVG, such as ``#0072b2``."""
    return "#" + bytes(colour).hex()
