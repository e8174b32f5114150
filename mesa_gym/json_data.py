"""Users' JSON as plain data or as records; ambiguous text is rejected."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, NoReturn, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, inspect

from mesa_gym.errors import shorten

T = TypeVar("T")
MOST_EXTRA = 5  # keys that a note names
BOM = "\ufeff"  # the byte order mark, with which Windows programs begin a text
Text = Annotated[str, Meta(min_length=1, max_length=200)]  # and printable, as ``require`` checks


def parse_json(data: bytes | str) -> Any:
    """Return the plain data of JSON.

    Raises:
        ValueError: the text is not JSON (NaN is not JSON), or an object has a key twice, which is
            ambiguous; the message names the key.
    """
    try:
        return json.loads(drop_mark(data), **_STRICT)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def decode_json(
    data: bytes | str, kind: type[T], read: Callable[[Any, Any], Any] | None = None
) -> T:
    """Decode JSON to a type that ``msgspec`` supports.

    Args:
        data: the JSON.
        kind: the type.
        read: converts plain data to a type that ``msgspec`` does not support.

    Raises:
        ValueError: the data does not fit the type, or ``parse_json`` rejects it.
    """
    try:
        decoded = msgspec.json.decode(drop_mark(data), type=kind, dec_hook=read)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{error!s:.500}") from None
    parse_json(data)  # because msgspec accepts a key twice
    return decoded


_type_info = cache(inspect.type_info)


def fit(value: object, kind: object) -> tuple[Any, list[str]]:
    """Return plain data as tables and other programs mean it, and the unknown keys.

    An absent key, a null and NaN are the same; 3.0 is 3, and a number for a text is that text.

    Args:
        value: the data of a record.
        kind: the type of the record, which ``msgspec.convert`` then makes.
    """
    extra = dict[str, None]()
    return _fit(value, _type_info(kind), "", extra), [*extra]


def _fit(value: object, kind: inspect.Type, at: str, extra: dict[str, None]) -> Any:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, dict):
        for record in (x for x in kinds if isinstance(x, inspect.StructType)):
            return _fit_record(value, record, at, extra)
        for mapping in (x for x in kinds if isinstance(x, inspect.DictType)):
            entries = {x: _fit(y, mapping.value_type, f"{at}{x}.", extra) for x, y in value.items()}
            return {x: y for x, y in entries.items() if y is not None}
    if isinstance(value, int | float) and not isinstance(value, bool):
        exact = not any(isinstance(x, inspect.FloatType) for x in kinds)
        if exact and isinstance(value, float) and value.is_integer():
            value = int(value)
        if all(isinstance(x, inspect.StrType | inspect.NoneType) for x in kinds):
            return str(value)
    return value


def _fit_record(
    value: dict[str, object], record: inspect.StructType, at: str, extra: dict[str, None]
) -> dict[str, object]:
    names = {field.encode_name for field in record.fields}
    extra.update(dict.fromkeys(f"{at}{name}" for name in value if name not in names))
    entries = dict[str, object]()
    for field in record.fields:
        name = field.encode_name
        entry = _fit(value.get(name), field.type, f"{at}{name}.", extra)
        if entry is not None or (field.required and _takes_null(field.type)):
            entries[name] = entry
    return entries


def _takes_null(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(x, inspect.NoneType) for x in kinds)


def name_extra(extra: Sequence[str]) -> str:
    """Return a note on keys that were left out."""
    named = ", ".join(map(shorten, extra[:MOST_EXTRA])) + ", ..." * (len(extra) > MOST_EXTRA)
    return f"keys left out that this version does not know: {named}"


def drop_mark(data: bytes | str) -> bytes | str:
    """Return a text without the byte order mark at its beginning."""
    return data.removeprefix(BOM) if isinstance(data, str) else data.removeprefix(BOM.encode())


def expand_alias(kind: object) -> Any:
    """Return the type behind a type alias with arguments, and any other type unchanged.

    NumPy 2.5 defines ``NDArray`` by a ``type`` statement on Python 3.12 and newer, which hides
    ``ndarray`` and its arguments.
    """
    alias = getattr(get_origin(kind), "__value__", None)
    return kind if alias is None else alias[get_args(kind)]


def require(name: str, value: object, kind: object) -> None:
    """Raise ValueError unless a value has a type, such as ``Text``, and meets its constraints."""
    try:
        converted = msgspec.convert(value, kind)
        if kind == Text and not converted.isprintable():
            raise msgspec.ValidationError("Expected printable characters")
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} is {shorten(value)}: {error}") from None


def _join_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    joined = dict(pairs)
    if len(joined) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shorten(twice)} stands twice in one object; keep one")
    return joined


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _read_missing(text: str) -> float:
    """Return NaN, which Python and pandas write for an absent entry; refuse infinities."""
    return math.nan if text == "NaN" else _refuse_number(text)


_STRICT: dict[str, Any] = {"parse_constant": _refuse_number, "object_pairs_hook": _join_pairs}
# As ``parse_json`` with NaN, for values within a longer text, which ``fit`` reads.
DECODER = json.JSONDecoder(parse_constant=_read_missing, object_pairs_hook=_join_pairs)
