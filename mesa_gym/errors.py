"""Errors for people: what was given, what was expected, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownNameError(ValueError):
    """A name that nothing has."""


def unknown(what: str, value: object, valid: Iterable[str]) -> UnknownNameError:
    """The error for a misspelt name.

    Args:
        what: the sort of thing that was named, such as "split".
        value: what was given.
        valid: the names that exist.
    """
    names = list(valid)
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.4)
    if not near:
        lower = {name.lower(): name for name in names}
        near = [lower[key] for key in [str(value).lower()] if key in lower]
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"unknown {what} {value!r}; there is {', '.join(names)}.{hint}")


def missing_extra(package: str, extra: str) -> ImportError:
    """The error for an optional package that is not installed."""
    return ImportError(
        f"this needs {package!r}, which is not installed; install the extra:"
        f' pip install "mesa-gym[{extra}]"'
    )
