"""Users' JSON as plain data or as records; ambiguous text is rejected."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, NoReturn, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

from mesa_gym.errors import shorten

T = TypeVar("T")
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


def drop_mark(data: bytes | str) -> bytes | str:
    """Return a text without the byte order mark at its beginning."""
    return data.removeprefix(BOM) if isinstance(data, str) else data.removeprefix(BOM.encode())


def expand_alias(kind: Any) -> Any:
    """Return the type behind a type alias with arguments, and any other type unchanged.

    NumPy 2.5 defines ``NDArray`` by a ``type`` statement on Python 3.12 and newer, which hides
    ``ndarray`` and its arguments.
    """
    alias = getattr(get_origin(kind), "__value__", None)
    return kind if alias is None else alias[get_args(kind)]


def require(name: str, value: Any, kind: Any) -> None:
    """Raise ValueError unless a value has a type, such as ``Text``, and meets its constraints."""
    try:
        msgspec.convert(value, kind)
        if kind == Text and not value.isprintable():
            raise msgspec.ValidationError("Expected printable characters")
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} is {shorten(value)}: {error}") from None


def _join_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    joined = dict(pairs)
    if len(joined) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shorten(twice)} stands twice in one object; keep one")
    return joined


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


_STRICT: dict[str, Any] = {"parse_constant": _refuse_number, "object_pairs_hook": _join_pairs}
DECODER = json.JSONDecoder(**_STRICT)  # as ``parse_json``, for values within a longer text
