"""Messages between evaluator and room: calls and values, both ways. Nothing is unpickled.

Either side may call the other while it waits for a value, so that a label can have a policy play.
What comes from a room is read as the called function's type hints say, never as anything else: so
no few bytes become gigabytes, and a wrong call is the error of who makes it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import Raw, Struct
from msgspec.msgpack import Ext

# Extension types of MessagePack: arrays of 0 and 1, a bit for each entry, and others.
_BITS, _ARRAY = 1, 2
_DTYPES = ("|b1", "|u1", "|i1", "<i8", "<f2", "<f4", "<f8")
# Which of these, and how many axes; then the length of each axis.
_HEAD, _AXIS = struct.Struct("<BB"), struct.Struct("<Q")
_MOST_AXES = 8
_LONGEST_TEXT = 4096
Served = dict[str, Callable[..., Any]]


class Call(Struct, tag=1, array_like=True, frozen=True):
    """A call of a function of the other side."""

    name: str
    arguments: Raw


class Value(Struct, tag=2, array_like=True, frozen=True):
    """The value that a call returned."""

    value: Raw


class Refused(Struct, tag=3, array_like=True, frozen=True):
    """The reason why a call was refused, or, from a room, why it has ended."""

    text: str


def encode(thing: Any) -> bytes:
    """Return plain data with arrays as bytes."""
    return msgspec.msgpack.encode(thing, enc_hook=_pack)


def encode_call(name: str, arguments: tuple[Any, ...]) -> bytes:
    """Return a call as bytes."""
    return encode(Call(name, Raw(encode(arguments))))


def encode_value(value: Any) -> bytes:
    """Return a value as bytes."""
    return encode(Value(Raw(encode(value))))


def encode_refusal(text: str) -> bytes:
    """Return a reason as bytes, the beginning of a long one."""
    return encode(Refused(text.encode(errors="replace")[:_LONGEST_TEXT].decode(errors="replace")))


def decode_message(data: bytes) -> Call | Value | Refused:
    """Return a message, whose contents are read later; ValueError where it is none."""
    try:
        return msgspec.msgpack.decode(data, type=Call | Value | Refused)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def decode(data: Raw, hint: Any) -> Any:
    """Return data that are of a type; ValueError where they are not.

    Args:
        data: of a message.
        hint: the type, in which ``NDArray[...]`` may stand too. ``Any`` reads whatever comes, and
            is for a room, which trusts the evaluator.
    """
    try:
        return _convert(_make_decoder(hint).decode(data), hint)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def call_served(served: Served, call: Call) -> Any:
    """Return what a function returns that was called by name; ValueError for a wrong call."""
    if call.name not in served:
        raise ValueError(f"{call.name[:100]!r} cannot be called here")
    function, several = served[call.name], cast(Any, tuple)
    hints = _list_hints(getattr(function, "__func__", function))
    try:
        arguments = decode(call.arguments, several[hints[hasattr(function, "__self__") :]])
    except ValueError as error:
        raise ValueError(f"{call.name}: {error}") from None
    return function(*arguments)


@lru_cache
def _list_hints(function: Callable[..., Any]) -> tuple[Any, ...]:
    """Return the types of a function's parameters, ``Any`` for those without."""
    hints = get_type_hints(function, include_extras=True)
    return tuple(hints.get(name, Any) for name in signature(function).parameters)


@lru_cache
def _make_decoder(hint: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(_list_extensions(hint), ext_hook=_unpack)


def _find_type(hint: Any) -> Any:
    """Return the type behind an alias with arguments, as ``NDArray`` is one since NumPy 2.5.

    Written again here, since a stranger could use ``mesa_gym`` in a room that imports it.
    """
    alias = getattr(get_origin(hint), "__value__", None)
    return hint if alias is None else alias[get_args(hint)]


def _list_extensions(hint: Any) -> Any:
    """Return a type with ``Ext`` in place of arrays, as they are on their way."""
    hint = _find_type(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is np.ndarray:
        return Ext
    if origin is Annotated:
        return Annotated[_list_extensions(parts[0]), *parts[1:]]
    if origin in (list, tuple, dict):
        return origin[tuple(map(_list_extensions, parts))]
    return hint


def _convert(found: Any, hint: Any) -> Any:
    """Return what was read with arrays in place of extensions."""
    hint = _find_type(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is np.ndarray:
        array, kind = _unpack(found.code, found.data), get_args(parts[1])[0]
        if kind is not Any and array.dtype != kind:
            raise ValueError(f"expected an array of {kind.__name__}, got {array.dtype}")
        return array
    if origin is Annotated:
        return _convert(found, parts[0])
    if origin is tuple:
        return tuple(map(_convert, found, parts))
    if origin is list:
        return [_convert(each, parts[0]) for each in found]
    if origin is dict:
        return {name: _convert(each, parts[1]) for name, each in found.items()}
    return found


def _pack(thing: Any) -> Any:
    if isinstance(thing, np.generic):
        return thing.item()
    if not isinstance(thing, np.ndarray) or thing.dtype.str not in _DTYPES:
        raise TypeError(f"{getattr(thing, 'dtype', type(thing).__name__)} cannot be sent")
    head = _HEAD.pack(_DTYPES.index(thing.dtype.str), thing.ndim)
    head += b"".join(_AXIS.pack(length) for length in thing.shape)
    if thing.dtype == np.uint8 and thing.max(initial=0) <= 1:
        return Ext(_BITS, head + np.packbits(thing).tobytes())
    return Ext(_ARRAY, head + thing.tobytes())


def _unpack(code: int, data: bytes | memoryview) -> Any:
    """Return an array; ValueError where the bytes are not as many as its shape says."""
    try:
        which, axes = _HEAD.unpack_from(data)
        if axes > _MOST_AXES:
            raise ValueError(f"an array has {axes} axes, more than {_MOST_AXES}")
        start = _HEAD.size + axes * _AXIS.size
        shape = [length for (length,) in _AXIS.iter_unpack(data[_HEAD.size : start])]
        dtype, count = np.dtype(_DTYPES[which]), math.prod(shape)
    except (IndexError, struct.error):
        raise ValueError("an array is damaged") from None
    expected = -(-count // 8) if code == _BITS else count * dtype.itemsize
    if code not in (_BITS, _ARRAY) or len(data) - start != expected or len(shape) != axes:
        raise ValueError("an array is damaged")
    if code == _BITS:
        bits = np.frombuffer(data, np.uint8, offset=start)
        return np.unpackbits(bits, count=count).reshape(shape)
    return np.frombuffer(data, dtype, count, start).reshape(shape).copy()
