"""The README as a package index shows it; all else is in setup.cfg.

There, links into the checkout lead nowhere, so they become addresses of the release's tag.
"""

import re
from pathlib import Path

from setuptools import setup

REPOSITORY = "https://github.com/mesa-gym/mesa-gym"
ROOT = Path(__file__).parent


def show_readme() -> str:
    """Return the README whose pictures and links are addresses."""
    code = (ROOT / "mesa_gym/__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.*)"', code, re.MULTILINE)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^]]*\]\()(?!https:)", rf"\1{REPOSITORY}/raw/v{version}/", text)
    return re.sub(r"(\]\()(?!https:|#)", rf"\1{REPOSITORY}/blob/v{version}/", text)


setup(long_description=show_readme())
