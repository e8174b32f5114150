"""Messages: what goes through comes out, and hostile bytes are an error, and a cheap one."""

import resource
import struct
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
from msgspec import Meta, Raw
from msgspec.msgpack import Ext
from numpy.typing import NDArray

from benchmarks.rooms import messages

RNG = np.random.default_rng(0)
ARRAYS = [
    RNG.integers(2, size=(7, 5, 3), dtype=np.uint8),
    RNG.integers(256, size=(3, 4), dtype=np.uint8),
    RNG.normal(size=(2, 3)),
    RNG.normal(size=5).astype(np.float32)[::-1],
    RNG.normal(size=(4, 1)).astype(np.float16),
    RNG.integers(-(2**62), 2**62, size=(2, 2)),
    RNG.integers(-5, 5, size=3).astype(np.int8),
    RNG.random(9) < 0.5,
    np.zeros((0, 3), np.uint8),
    np.array(2.5),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_survive_their_way(array):
    for hint in (NDArray[array.dtype.type], NDArray[Any], Any):
        found = messages.decode(Raw(messages.encode(array)), hint)
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype
        assert found.flags.writeable


def serve(name: str, bounded: Annotated[int, Meta(ge=0, lt=3)], more: NDArray[np.int64]) -> str:
    return f"{name} {bounded} {more.tolist()}"


def call(name, arguments):
    message = messages.decode_message(messages.encode_call(name, arguments))
    assert isinstance(message, messages.Call)
    return messages.call_served({"serve": serve}, message)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("__class__", (), "'__class__' cannot be called here"),
        ("x" * 9999, (), "x' cannot be called here"),
        ("serve", (), "serve: Expected `array` of length 3, got 0"),
        ("serve", ("a", 1, np.zeros(2, int), 5), "serve: Expected `array` of length 3, got 4"),
        ("serve", ("a", 3, np.zeros(2, int)), "serve: Expected `int` <= 2"),
        ("serve", ("a", True, np.zeros(2, int)), "serve: Expected `int`, got `bool`"),
        ("serve", (None, 1, np.zeros(2, int)), "serve: Expected `str`, got `None`"),
        ("serve", ("a", 1, np.zeros(2)), "serve: expected an array of int64, got float64"),
        ("serve", ("a", 1, [0, 0]), "serve: Expected `ext`, got `array`"),
    ],
)
def test_a_wrong_call_is_refused_by_the_hints(name, arguments, told):
    assert call("serve", ("a", 1, np.arange(2))) == "a 1 [0, 1]"
    with pytest.raises(ValueError, match=told.replace("(", "\\(")):
        call(name, arguments)


def head(which, *shape: int):
    return struct.pack("<BB", which, len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)


# Few bytes that would be much memory, or none of which an array can be made.
BOMBS = {
    "a shape without content": Ext(2, head(6, 1 << 40)),
    "bits without content": Ext(1, head(1, 1 << 40)),
    "a product that overflows": Ext(2, head(6, 1 << 33, 1 << 33)),
    "bits of floats": Ext(1, head(6, 8) + b"x"),
    "too many axes": Ext(2, head(1, *[1] * 200) + b"x"),
    "an axis too few": Ext(2, struct.pack("<BB", 1, 5) + b"x"),
    "a type that there is not": Ext(2, head(99, 1) + b"x"),
    "another extension": Ext(7, head(1, 1) + b"x"),
    "nothing": Ext(2, b""),
    "no size, but a huge side": Ext(2, head(6, 0, 1 << 63)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_array_is_as_large_as_its_bytes(name):
    data = Raw(msgspec.msgpack.encode(BOMBS[name]))
    with pytest.raises(ValueError, match=r"damaged|axes|float|array|dimension"):
        messages.decode(data, NDArray[np.float64])


def receive(data, hint):
    message = messages.decode_message(data)
    return messages.decode(message.value, hint)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"abc",
        b"\xc1",
        b"\x91" * 100_000,  # nested
        b"\x92\x02" + b"\x91" * 100_000,
        b"\xdd\xff\xff\xff\xff" * 100,  # lists of four billion entries
        b"\x92\x02\xdd\xff\xff\xff\xff",
        b"\x92\x09\xc0",
        b"\x92\x02\xdc\xff\xff" + b"\x90" * 65_535,  # each a list of 56 bytes
    ],
)
@pytest.mark.parametrize("hint", [list[bytes], NDArray[np.float64], str, None])
def test_hostile_bytes_are_an_error_and_a_cheap_one(data, hint):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"."):
        receive(data, hint)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
