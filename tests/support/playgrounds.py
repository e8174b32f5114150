"""Pages of levels, read in Python."""

import base64
import json
import re
import zlib

import numpy as np


def read_data(page):
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert match
    return json.loads(match[1])


def unpack(packed):
    """Return packed parts by their names."""
    raw = zlib.decompress(base64.b64decode(packed["packed"]))
    for _, kind, at, _ in packed["parts"]:
        assert at % 4 == 0, kind  # as typed arrays in a browser want it
    parts = packed["parts"]
    return {name: np.frombuffer(raw, "<" + kind, count, at) for name, kind, at, count in parts}


def read_shares(parts, agent):
    """Return the action probabilities of an agent, float64 (n, 5)."""
    code = parts[f"high{agent}"].astype(np.int64) * 65536 + parts[f"low{agent}"]
    moves = code.reshape(4, -1).T / (2**24 - 1)
    return np.column_stack([moves, 1 - moves.sum(axis=1)])
