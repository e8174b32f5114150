"""Weights as bytes: equal to safetensors; files with wrong sizes are refused."""

import json
import tracemalloc

import numpy as np
import pytest

from mesa_gym.policies.agent_files import WEIGHTS_FILE
from mesa_gym.trained.weights_file import MOST_TENSOR, decode_weights, encode_weights, read_file

WEIGHTS = {
    "halves": np.array([[0.5, -2.0, 65504]], np.float32),
    "whole": np.array([1 + 2**-20, 1e6], np.float32),
    "one": np.float32(3.0),
    "none": np.zeros((0, 4), np.float32),
}


def test_weights_survive_encoding():
    found = decode_weights(encode_weights(WEIGHTS))
    assert found.keys() == WEIGHTS.keys()
    for name, each in WEIGHTS.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], each)


def test_encoded_weights_equal_safetensors():
    numpy = pytest.importorskip("safetensors.numpy")
    theirs = numpy.load(encode_weights(WEIGHTS))
    halves = {name for name, each in theirs.items() if each.dtype == np.float16}
    assert halves == {"halves", "one", "none"}  # where these are exact
    assert theirs["whole"].dtype == np.float32
    ours = decode_weights(numpy.save({name: np.asarray(each) for name, each in theirs.items()}))
    for name, each in WEIGHTS.items():
        np.testing.assert_array_equal(theirs[name].astype(np.float32), each)
        np.testing.assert_array_equal(ours[name], each)


def pack(header, data=b"", length=None):
    """Return a file of a header and some bytes."""
    said = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(said) if length is None else length).to_bytes(8, "little") + said + data


def entry(shape=(2,), offsets=(0, 4), dtype="F16", **more):
    return {"dtype": dtype, "shape": [*shape], "data_offsets": [*offsets], **more}


HUGE = 2**40


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not safetensors"),
        (pack(b"{}", length=HUGE), "not safetensors"),
        (pack(b" " * 2**17, length=2**17), "not safetensors"),
        (pack(b"{"), "truncated"),
        (pack([]), "object"),
        (pack({"x": entry(dtype="F64")}), "F64"),
        (pack({"x": entry(shape=(-1,))}), "int"),
        (pack({"x": entry(shape=(HUGE,), offsets=(0, 2 * HUGE))}), "int"),
        (pack({"x": entry((MOST_TENSOR,) * 4)}, b"1234"), "puts 'x', F16 .*; expected .* from"),
        (pack({"x": entry()}, b"123456"), "describes"),
        (pack({"x": entry(offsets=(2, 6))}, b"123456"), "expected 4 bytes from 69 on"),
        (
            pack(b'{"x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}, "x": 1}', b"12"),
            "got .int",
        ),
        (pack({"n" * 9_000: entry(dtype="F16", shape=(3,))}, b"1234"), "nnn"),
        (pack({"\0\n": entry(shape=(3,))}, b"1234"), "header puts"),
    ],
)
def test_contradictory_weight_files_are_refused(data, message):
    tracemalloc.start()
    with pytest.raises(ValueError, match=message) as caught:
        decode_weights(data)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()
    assert len(str(caught.value)) < 700


def test_oversized_weight_file_is_not_read(tmp_path):
    path = tmp_path / WEIGHTS_FILE
    with path.open("wb") as file:
        file.truncate(3 * 2**30)  # sparse
    with pytest.raises(
        ValueError, match=r"it has 3,221,225,472 bytes; expected at most 67,108,864"
    ):
        read_file(path)
