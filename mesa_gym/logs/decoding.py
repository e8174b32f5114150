"""Decoding of logs: finds each JSON value in a file, and converts it to an episode.

Data tools write logs again in other forms: as an array, indented, with separators, with nulls for
absent keys, and with floats for integers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from mesa_gym.contents import RECORDED_EPISODE, name_content
from mesa_gym.errors import shorten, shorten_text
from mesa_gym.json_data import BOM, DECODER, decode_json
from mesa_gym.logs.episodes import MOST_NAMED, RecordedEpisode, name_trap

# Between values: blanks, brackets and commas of an array, and marks of files that were joined.
_SEPARATORS = re.compile(rf"[\s,\[\]{BOM}]*")
_LINE_END = re.compile(r"[\r\n]")
WINDOW = 1 << 16  # characters that are read at first in search of the end of a value
LONGEST = 12  # characters of an escape sequence or a literal, which may be cut by a window
UNTERMINATED = "Unterminated"
_WHOLE = ("level", "unread", "examples")  # fields with integers
_LENIENT = json.JSONDecoder()  # reads NaN and repeated keys, to find the end of a refused value
MOST_WASTED = 20  # lengths of a file that are read in vain, behind beginnings without an end
CUT = "it is cut off before its end"


class _Value(NamedTuple):
    """A JSON value of a file, or a line that is not JSON.

    Attributes:
        line: number of its first line.
        last: number of its last line.
        value: the plain data; None if it is not JSON.
        reason: why it is not JSON; "" if it is JSON.
    """

    line: int
    last: int
    value: Any
    reason: str = ""


def decode_episodes(name: str, log: bytes) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes in JSON values, and a sentence on unreadable lines.

    Lines can be incomplete, because a writer may have been killed.

    Raises:
        ValueError: no value is an episode; the message says what the log is.
    """
    episodes, bad = list[RecordedEpisode](), list[_Value]()
    for piece in _list_values(log):
        try:
            if piece.reason:
                raise ValueError(piece.reason)
            episodes.append(convert_episode(piece.value))
        except ValueError as error:
            # The lines of one broken value are named as one.
            fragment = bool(piece.reason) or not isinstance(piece.value, dict)
            if fragment and bad and bad[-1].reason and bad[-1].last >= piece.line - 1:
                bad[-1] = bad[-1]._replace(last=piece.last)
            else:
                bad.append(piece._replace(value=shorten_text(str(error))))
    if not episodes:
        described = f"{name} {_describe(log, bad)}"
        raise ValueError(f"{described}; expected a log that `mesa-gym score --save-episodes` wrote")
    if not bad:
        return episodes, []
    named = ", ".join(f"{_name_lines(piece)} ({piece.value})" for piece in bad[:MOST_NAMED])
    more = ", ..." * (len(bad) > MOST_NAMED)
    n_lines = sum(piece.last - piece.line + 1 for piece in bad)
    count = f"{n_lines:,} line{'s' * (n_lines > 1)}"
    return episodes, [f"{name}: {count} left out that cannot be read: {named}{more}"]


def _describe(log: bytes, bad: list[_Value]) -> str:
    """Return a predicate on a log without episodes, from its first unreadable line."""
    kind = name_content(log)
    reason = ""
    if bad:
        plural = "s" * (bad[0].last > bad[0].line)
        reason = f"line{plural} {_name_lines(bad[0])}: {bad[0].value}"
    if RECORDED_EPISODE in kind:
        return f"has no recorded episode that can be read ({reason})"
    is_json = log.lstrip()[:1] in (b"{", b"[")
    return f"has no recorded episode: it is {kind}{f' ({reason})' if is_json and reason else ''}"


def _name_lines(piece: _Value) -> str:
    return f"{piece.line}" if piece.line == piece.last else f"{piece.line} to {piece.last}"


def is_unfinished(log: bytes) -> bool:
    """Return whether a log is empty or has only beginnings of lines of a killed writer."""
    return all(piece.reason == CUT for piece in _list_values(log))


def require_log(name: str, log: bytes) -> None:
    """Raise ValueError, before episodes are added, unless a file is a log or has no whole line."""
    if not any(map(_is_episode, _list_values(log))) and not is_unfinished(log):
        decode_episodes(name, log)


def _is_episode(piece: _Value) -> bool:
    try:
        convert_episode(piece.value)
    except ValueError:
        return False
    return True


def convert_episode(value: Any) -> RecordedEpisode:
    """Return plain data as an episode; null is an absent key, and 3.0 is 3.

    Raises:
        ValueError: the data is not an episode.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {shorten(value)}")
    fields = {name: entry for name, entry in value.items() if entry is not None}
    for name in _WHOLE:
        if isinstance(entry := fields.get(name), float) and entry.is_integer():
            fields[name] = int(entry)
    if isinstance(parameters := fields.get("parameters"), dict):
        fields["parameters"] = {x: y for x, y in parameters.items() if y is not None}
    if "trap" in fields:
        fields["trap"] = name_trap(fields["trap"])
    return msgspec.convert(fields, RecordedEpisode)


def _list_values(log: bytes) -> Iterator[_Value]:
    """Yield the JSON values of a log, in lines, in an array or indented, and lines without JSON."""
    text = log.decode(errors="surrogateescape")
    position = _skip(text, 0)
    line, wasted = 1 + _count_lines(text, 0, position), 0
    while position < len(text):
        line_end = _LINE_END.search(text, position)
        end, reason, value = line_end.start() if line_end else len(text), "", None
        try:
            value, length = _decode_at(text, position, end)
            end = position + length
            _require_unicode(text[position:end])
        except RecursionError:
            reason, wasted = "the JSON nests too deeply", wasted + len(text)
        except json.JSONDecodeError as error:
            wasted += error.pos
            is_cut = position + error.pos >= end or error.msg.startswith(UNTERMINATED)
            is_object = text[position] == "{"
            reason = CUT if is_cut and is_object else f"it is not JSON: {error.msg}"
        except ValueError as error:
            reason = str(error)
            with suppress(ValueError, RecursionError):
                end = position + _decode_at(text, position, end, _LENIENT)[1]
        if wasted > MOST_WASTED * len(text):  # otherwise nested values would take quadratic time
            end, reason = len(text), "too many values are cut off or nested"
        last = line + _count_lines(text, position, end)
        yield _Value(line, last, value, reason)
        position, before = _skip(text, end), end
        line = last + _count_lines(text, before, position)


def _decode_at(
    text: str, position: int, line_end: int, decoder: json.JSONDecoder = DECODER
) -> tuple[Any, int]:
    """Return the value at a position, of one or of several lines, and its length.

    Raises:
        JSONDecodeError: there is no value; ``pos`` is counted from the position.
    """
    stop, window = line_end, WINDOW
    while True:
        chunk = text[position:stop]
        try:
            return decoder.raw_decode(chunk)
        except json.JSONDecodeError as error:
            in_string = error.msg.startswith(UNTERMINATED)
            is_cut = error.pos > len(chunk) - LONGEST or in_string
            # A string has no line break.
            if not is_cut or stop == len(text) or (in_string and stop == line_end):
                raise
        stop, window = min(line_end + window, len(text)), 8 * window


def _require_unicode(value: str) -> None:
    """Raise ValueError for bytes that are not UTF-8, and for halves of characters."""
    if not value.isascii() or "\\u" in value:
        decode_json(value.encode(errors="surrogateescape"), Any)


def _skip(text: str, position: int) -> int:
    """Return the position of the next value."""
    match = _SEPARATORS.match(text, position)
    return match.end() if match else position


def _count_lines(text: str, start: int, end: int) -> int:
    """Return the number of line ends in a part of a text."""
    line_feeds, returns = (text.count(sign, start, end) for sign in ("\n", "\r"))
    return line_feeds + returns - text.count("\r\n", start, end) if returns else line_feeds
