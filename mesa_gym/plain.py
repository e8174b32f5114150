"""Data as JSON has it, read back into dataclasses, with nothing taken on trust."""

from __future__ import annotations

import math
import sys
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints


def typed(kind: Any, data: Any, at: str = "the data") -> Any:
    """What ``dataclasses.asdict`` and ``files.without_nan`` made of a ``kind``, as that again.

    Args:
        kind: a dataclass, a dict with text as keys, a list, a tuple, one of these or None, text,
            a truth value, an integer, or a float (null where that stands is NaN).
        data: as ``json`` gives it.
        at: where it stands, for the message.

    Raises:
        ValueError: the data is something else, or has an entry too few or too many; the message
            names the place.
    """
    of, inner = get_origin(kind), get_args(kind)
    if of in (Union, UnionType):
        (other,) = (option for option in inner if option is not NoneType)
        return None if data is None else typed(other, data, at)
    if is_dataclass(kind):
        return _dataclass(kind, data, at)
    if of is dict and isinstance(data, dict):
        return {key: typed(inner[1], entry, f"{at}.{key}") for key, entry in data.items()}
    if of is list and isinstance(data, list):
        return [typed(inner[0], entry, f"{at}[{i}]") for i, entry in enumerate(data)]
    if of is tuple and isinstance(data, list) and len(data) == len(inner):
        pairs = zip(inner, data, strict=True)
        return tuple(typed(option, entry, f"{at}[{i}]") for i, (option, entry) in enumerate(pairs))
    if kind is float:
        if data is None:
            return math.nan
        if type(data) in (int, float) and abs(data) <= sys.float_info.max:
            return float(data)
    elif type(data) is kind:  # not isinstance: a truth value is no integer
        return data
    _refuse(at, data, getattr(of or kind, "__name__", str(kind)))


def _dataclass(kind: Any, data: Any, at: str) -> Any:
    if not isinstance(data, dict):
        _refuse(at, data, f"a {kind.__name__}")
    names = [field.name for field in fields(kind)]
    for words, odd in (("lacks", set(names) - data.keys()), ("has", data.keys() - set(names))):
        if odd:
            raise ValueError(
                f"{at} {words} {', '.join(sorted(odd))}; a {kind.__name__} has {', '.join(names)}"
            )
    hints = get_type_hints(kind)
    return kind(**{name: typed(hints[name], data[name], f"{at}.{name}") for name in names})


def _refuse(at: str, data: Any, expected: str) -> NoReturn:
    shown = repr(data)
    raise ValueError(
        f"{at} is {shown if len(shown) < 60 else shown[:57] + '...'}; expected {expected}"
    )
