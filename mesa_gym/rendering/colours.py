"""The colours of objectives by their role, the same in pictures, plots, pages and the viewer.

They are Okabe and Ito's ("Color Universal Design", 2008), which people with any of the common
kinds of colour blindness can tell apart. On white and on the pages' dark ground each of them has a
contrast of at least 3:1, which WCAG 2.1 asks of graphics (1.4.11). A test holds the stylesheet of
pages and the viewer's palette to them.
"""

from __future__ import annotations

from mesa_gym.engine import RGB

BASE_COLOUR: RGB = (0, 114, 178)
# A trap has three proxies at most; the first is the one that all pictures show.
PROXY_COLOURS: tuple[RGB, RGB, RGB] = ((213, 94, 0), (0, 158, 115), (204, 121, 167))
NONE_COLOUR: RGB = (136, 145, 155)


def to_hex(colour: RGB) -> str:
    """Return a colour as CSS and SVG have it, such as ``#0072b2``."""
    return "#" + bytes(colour).hex()
