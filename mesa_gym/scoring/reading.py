"""Dataclasses from JSON, strictly, and the JSON Schema that says what is taken."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from mesa_gym.scoring.forms import Plain, form

T = TypeVar("T")


def parsed(data: bytes) -> Any:
    """The plain data of a JSON file.

    Raises:
        ValueError: it is not UTF-8, cut short, not JSON (NaN is not), or says something twice.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"not a JSON file: byte {error.start} is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not a JSON file, or cut short: {error}") from None
    except RecursionError:
        raise ValueError("not a file of ours: it is nested too deep") from None


def read(kind: type[T], data: Any) -> T:
    """A dataclass from the plain data that ``dataclasses.asdict`` gives, with None for NaN.

    Raises:
        ValueError: the data differs in anything; the message says where, what was found there
            and what was expected.
    """
    value: T = form(kind).read(data, "")
    return value


def json_schema(kind: type, identifier: str) -> Plain:
    """The JSON Schema (draft 2020-12) of the data that ``read`` takes for a dataclass.

    Descriptions are those of the dataclasses' docstrings.

    Args:
        kind: the dataclass.
        identifier: a URI for ``$id``.
    """
    definitions: Plain = {}
    root = form(kind).schema(definitions)
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "$id": identifier, **root, "$defs": definitions}


def _once(pairs: list[tuple[str, Any]]) -> Plain:
    read: Plain = {}
    for name, value in pairs:
        if name in read:
            raise ValueError(f"the field {name!r} stands twice in one object")
        read[name] = value
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"not a JSON file: {name} is no JSON number")
