"""Forms: how a type hint is read from plain data, and what JSON Schema says the same.

Each kind of hint has one class that does both, so that they cannot differ.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

from mesa_gym.errors import unknown
from mesa_gym.scoring.hints import Keys, Limits, Matching

Plain = dict[str, Any]
ANY_NUMBER = Limits()
ANY_TEXT = Matching(r"(?s:.*)", "text")


class Form(Protocol):
    """How one kind of type hint is read and described; ``expected`` says it to a person."""

    @property
    def expected(self) -> str:
        """Such as "a number from 0 to 1"."""

    def read(self, data: Any, where: str) -> Any:
        """The value, or ValueError naming the place."""

    def schema(self, definitions: Plain) -> Plain:
        """Its JSON Schema; dataclasses that it names are added to the definitions."""


@dataclass(frozen=True)
class _Number:
    kind: type
    limits: Limits = ANY_NUMBER

    @property
    def expected(self) -> str:
        least, most = self.limits.least, self.limits.most
        name = "a whole number" if self.kind is int else "a number"
        if least == most:
            return f"{least:g}"
        if math.isfinite(most):
            name += f" from {least:g} to {most:g}"
        elif math.isfinite(least):
            name += f" of at least {least:g}"
        return f"{name}, or null for NaN" if self.limits.nan else name

    def read(self, data: Any, where: str) -> Any:
        if data is None and self.limits.nan:
            return math.nan
        # As in JSON Schema 2.0 is a whole number; a bool, which Python counts as one, is none.
        right = type(data) is int or (type(data) is float and (self.kind is float or data % 1 == 0))
        # Written so that NaN, infinities and whole numbers beyond any float fail.
        if not right or not abs(data) <= sys.float_info.max:
            raise _misfit(data, self, where)
        if not self.limits.least <= data <= self.limits.most:
            raise _misfit(data, self, where)
        return self.kind(data)

    def schema(self, definitions: Plain) -> Plain:
        if self.limits.least == self.limits.most:
            return {"const": self.limits.least}
        name = "integer" if self.kind is int else "number"
        described: Plain = {"type": [name, "null"] if self.limits.nan else name}
        for word, limit in (("minimum", self.limits.least), ("maximum", self.limits.most)):
            if math.isfinite(limit):
                described[word] = limit
        return described


@dataclass(frozen=True)
class _Text:
    matching: Matching = ANY_TEXT

    @property
    def expected(self) -> str:
        return self.matching.words

    def read(self, data: Any, where: str) -> str:
        if type(data) is not str or not re.fullmatch(self.matching.pattern, data):
            raise _misfit(data, self, where)
        return data

    def schema(self, definitions: Plain) -> Plain:
        if self.matching is ANY_TEXT:
            return {"type": "string"}
        return {"type": "string", "pattern": f"^(?:{self.matching.pattern})$"}


@dataclass(frozen=True)
class _Truth:
    expected: str = "true or false"

    def read(self, data: Any, where: str) -> bool:
        if type(data) is not bool:
            raise _misfit(data, self, where)
        return data

    def schema(self, definitions: Plain) -> Plain:
        return {"type": "boolean"}


@dataclass(frozen=True)
class _Optional:
    inner: Form

    @property
    def expected(self) -> str:
        return f"{self.inner.expected}, or null"

    def read(self, data: Any, where: str) -> Any:
        return None if data is None else self.inner.read(data, where)

    def schema(self, definitions: Plain) -> Plain:
        return {"anyOf": [self.inner.schema(definitions), {"type": "null"}]}


@dataclass(frozen=True)
class _List:
    inner: Form

    @property
    def expected(self) -> str:
        return f"a list, each entry {self.inner.expected}"

    def read(self, data: Any, where: str) -> list[Any]:
        if type(data) is not list:
            raise _misfit(data, self, where)
        return [self.inner.read(entry, f"{where}[{i}]") for i, entry in enumerate(data)]

    def schema(self, definitions: Plain) -> Plain:
        return {"type": "array", "items": self.inner.schema(definitions)}


@dataclass(frozen=True)
class _Tuple:
    inner: tuple[Form, ...]

    @property
    def expected(self) -> str:
        return f"a list of {len(self.inner)}"

    def read(self, data: Any, where: str) -> tuple[Any, ...]:
        if type(data) is not list or len(data) != len(self.inner):
            raise _misfit(data, self, where)
        pairs = zip(self.inner, data, strict=True)
        return tuple(form.read(entry, f"{where}[{i}]") for i, (form, entry) in enumerate(pairs))

    def schema(self, definitions: Plain) -> Plain:
        return {
            "type": "array",
            "prefixItems": [form.schema(definitions) for form in self.inner],
            "minItems": len(self.inner),
            "maxItems": len(self.inner),
        }


@dataclass(frozen=True)
class _Mapping:
    inner: Form
    keys: Keys | None = None

    expected = "an object"

    def read(self, data: Any, where: str) -> dict[str, Any]:
        if type(data) is not dict:
            raise _misfit(data, self, where)
        if self.keys is not None:
            _same_keys(data, dict.fromkeys(self.keys.names, self.inner), where)
        return {name: self.inner.read(entry, f"{where}.{name}") for name, entry in data.items()}

    def schema(self, definitions: Plain) -> Plain:
        inner = self.inner.schema(definitions)
        if self.keys is None:
            return {"type": "object", "additionalProperties": inner}
        return _object(dict.fromkeys(self.keys.names, inner))


@dataclass(frozen=True)
class _Record:
    kind: type

    expected = "an object"

    def read(self, data: Any, where: str) -> Any:
        if type(data) is not dict:
            raise _misfit(data, self, where)
        forms = _fields(self.kind)
        _same_keys(data, forms, where)
        dot = f"{where}." if where else ""
        return self.kind(**{name: forms[name].read(data[name], dot + name) for name in forms})

    def schema(self, definitions: Plain) -> Plain:
        name = self.kind.__name__
        if name not in definitions:
            definitions[name] = {}  # keeps its place before those that it names
            about, attributes = documented(self.kind)
            properties = {
                field: each.schema(definitions) | {"description": attributes[field]}
                for field, each in _fields(self.kind).items()
            }
            definitions[name] = {"description": about, **_object(properties)}
        return {"$ref": f"#/$defs/{name}"}


@lru_cache(maxsize=64)
def _fields(kind: type) -> dict[str, Form]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: form(hints[field.name]) for field in fields(kind)}


def form(hint: Any) -> Form:
    """The form of a type hint; TypeError where there is none."""
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _Record(hint)
    if hint in (int, float):
        return _Number(hint, *notes)
    if hint is str:
        return _Text(*notes)
    if hint is bool:
        return _Truth()
    if origin is list:
        return _List(form(arguments[0]))
    if origin is tuple:
        return _Tuple(tuple(map(form, arguments)))
    if origin is dict and arguments[0] is str:
        return _Mapping(form(arguments[1]), *notes)
    if origin in (Union, UnionType) and len(arguments) == 2 and arguments[1] is NoneType:
        return _Optional(form(arguments[0]))
    raise TypeError(f"no form for the type hint {hint!r}")


def documented(kind: type) -> tuple[str, dict[str, str]]:
    """What a class's docstring says: its first paragraph, and attribute -> description."""
    text = inspect.getdoc(kind) or ""
    about, _, listed = text.partition("\nAttributes:\n")
    attributes: dict[str, str] = {}
    # An entry begins at the margin of the section; what is indented further goes on with it.
    for entry in re.split(r"\n(?=    \S)", f"\n{listed}")[1:]:
        names, _, words = entry.partition(": ")
        for name in names.split(","):
            attributes[name.strip()] = _in_one_line(words)
    return _in_one_line(about.split("\n\n")[0]), attributes


def _in_one_line(text: str) -> str:
    """Without line breaks and quotes, and with JSON's word for what is not there."""
    words = " ".join(text.replace("``", "").split())
    return re.sub(r"\b(None|NaN)\b", "null", words)


def _object(properties: Plain) -> Plain:
    """The JSON Schema of an object with just these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _same_keys(data: Plain, forms: Mapping[str, Form], where: str) -> None:
    """ValueError where a key is missing or unknown."""
    of = f" of {where}" if where else ""
    for name in data:
        if name not in forms:
            raise unknown(f"field{of}", name, forms)
    for name, each in forms.items():
        if name not in data:
            raise ValueError(f"the field {name!r}{of} is missing; expected {each.expected}")


def _misfit(data: Any, form: Form, where: str) -> ValueError:
    text = json.dumps(data, default=repr)
    kind = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    named = {dict: "an object", NoneType: "nothing"} | kind
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    what = named.get(type(data), type(data).__name__)
    return ValueError(f"{where or 'the whole'} is {shown} ({what}); expected {form.expected}")
