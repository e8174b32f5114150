"""Parameters of which a few are tried at once, and the others in slow tests."""

from collections.abc import Iterable
from typing import Any

import pytest


def few(names: Iterable[Any], *quick: Any) -> list[Any]:
    """Return all names as parameters; those that are not among the quick ones are slow."""
    return [pytest.param(x, marks=() if x in quick else pytest.mark.slow) for x in names]
