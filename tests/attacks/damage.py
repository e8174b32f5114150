"""Damage: a good file's bytes changed, by a generator alone, so that each attempt is repeatable."""

import io
import json
import re
import zipfile

HOSTILE = (
    None, True, -1, 0, 2**31, 2**63, 10**30, 1e308, -1e308, 0.5, "", [], {}, "x" * 100_000,
    "evil_file.py:X", "evil_module:X", "../../evil", "/dev/zero", "\x1b[31m\u202e\n", "\0",
    "<img src=x onerror=alert(1)>", "=1+1", [[[]]], {"evil": {}},
)  # fmt: skip


def damage(good, rng):
    """Return a file's bytes with one to three kinds of damage."""
    bad = good
    for _ in range(rng.integers(1, 4)):
        kinds = [flip, cut, double, swap, resize]
        kinds += [change_node] * 5 if bad[:1] in (b"{", b"[") else []
        kinds += [change_member] * 4 if bad[:2] == b"PK" else []
        if bad:
            bad = kinds[rng.integers(len(kinds))](bad, rng)
    return bad


def _slice(data, rng):
    first = int(rng.integers(len(data)))
    return slice(first, first + int(rng.integers(1, max(2, min(len(data) - first, 4096)))))


def flip(data, rng):
    bad = bytearray(data)
    for place in rng.integers(len(bad), size=rng.integers(1, 9)):
        bad[place] ^= 1 << rng.integers(8)
    return bytes(bad)


def cut(data, rng):
    return data[: rng.integers(len(data))]


def double(data, rng):
    part = _slice(data, rng)
    return data[: part.stop] + data[part] + data[part.stop :]


def swap(data, rng):
    one, other = sorted((_slice(data, rng), _slice(data, rng)), key=lambda part: part.start)
    middle = data[one.stop : other.start]
    return data[: one.start] + data[other] + middle + data[one] + data[other.stop :]


def resize(data, rng):
    """Put a huge or negative number in the place of one, in text or in eight bytes."""
    numbers = [*re.finditer(rb"\d+", data[:100_000])]
    if numbers and rng.random() < 0.5:
        match = numbers[rng.integers(len(numbers))]
        huge = (b"-1", b"0", b"999999999999", b"9223372036854775808", b"1e999", b"9" * 5000)
        return data[: match.start()] + huge[rng.integers(len(huge))] + data[match.end() :]
    place = int(rng.integers(len(data)) if rng.random() < 0.7 else 0)
    value = int(rng.choice([-1, 2**62, -(2**63), 2**31, 0]))
    return data[:place] + value.to_bytes(8, "little", signed=True) + data[place + 8 :]


def change_node(data, rng):
    """Change a value somewhere in JSON, or in one line of JSON."""
    lines = data.splitlines()
    number = int(rng.integers(len(lines))) if data[:1] == b"{" and len(lines) > 1 else -1
    try:
        tree = json.loads(lines[number] if number >= 0 else data)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict | list):
        return flip(data, rng)
    node = tree
    while True:
        keys = [*node] if isinstance(node, dict) else [*range(len(node))]
        if not keys:
            return flip(data, rng)
        key = keys[rng.integers(len(keys))]
        if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.2:
            break
        node = node[key]
    value = HOSTILE[rng.integers(len(HOSTILE))]
    if isinstance(node, dict) and rng.random() < 0.2:
        node[str(value)[:50]] = node.pop(key)
    else:
        node[key] = value
    changed = json.dumps(tree).encode()
    if number < 0:
        return changed
    return b"\n".join([*lines[:number], changed, *lines[number + 1 :]]) + b"\n"


def change_member(data, rng):
    """Damage a file inside an archive, whose checksums then fit."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as reader:
            members = {name: reader.read(name) for name in reader.namelist()}
    except Exception:
        return flip(data, rng)
    name = [*members][rng.integers(len(members))]
    plain = [flip, cut, double, swap, resize]
    if members[name]:
        kinds = [change_node] if members[name][:1] in (b"{", b"[") else plain
        members[name] = kinds[rng.integers(len(kinds))](members[name], rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for file, content in members.items():
            writer.writestr(file, content)
    return out.getvalue()
