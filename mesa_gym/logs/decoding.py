"""Decoding of logs: finds each JSON value in a file, and converts it to an episode.

Data tools write logs again in other forms: as an array, indented, with separators, with nulls for
absent keys, and with floats for integers. A killed process leaves beginnings of lines, and a power
cut zeros at the end of a file.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mesa_gym import files
from mesa_gym.contents import RECORDED_EPISODE, Content, name_content
from mesa_gym.errors import shorten, shorten_text
from mesa_gym.json_data import BOM, DECODER, fit, name_extra
from mesa_gym.logs.episodes import MOST_NAMED, RecordedEpisode, keep_said, name_trap

# Between values: blanks, zeros, brackets and commas of an array, and marks of joined files.
_SEPARATORS = re.compile(rf"[\s\0,\[\]{BOM}]*")
_LINE_END = re.compile(r"[\r\n]")
WINDOW = 1 << 16  # characters that are read at first in search of the end of a value
LONGEST = 12  # characters of an escape sequence or a literal, which may be cut by a window
UNTERMINATED = "Unterminated"
BLANKS = "\0 \t"  # at the end of a line that was cut off
_LENIENT = json.JSONDecoder()  # reads NaN and repeated keys, to find the end of a refused value
MOST_WASTED = 20  # lengths of a file that are read in vain, behind beginnings without an end
CUT = "it is cut off before its end"
TOO_LONG = "it has more than {:,} characters; write each episode in a line of its own"


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


def decode_episodes(content: Content) -> tuple[list[RecordedEpisode], list[str]]:
    """Return the episodes in JSON values, and sentences on unreadable lines and unknown keys.

    Lines can be incomplete, because a writer may have been killed.

    Raises:
        ValueError: no value is an episode; the message says what the log is.
    """
    name, notes, unknown = content.name, list[str](), dict[str, None]()
    episodes, bad = list[RecordedEpisode](), list[_Value]()
    for piece in list_values(content.read()):
        try:
            if piece.reason:
                raise ValueError(piece.reason)
            episode, extra = convert_episode(piece.value)
            episodes.append(episode)
            unknown.update(dict.fromkeys(extra))
        except ValueError as error:
            # The lines of one broken value are named as one.
            fragment = bool(piece.reason) or not isinstance(piece.value, dict)
            if fragment and bad and bad[-1].reason and bad[-1].last >= piece.line - 1:
                bad[-1] = bad[-1]._replace(last=piece.last)
            else:
                bad.append(piece._replace(value=shorten_text(str(error))))
    if not episodes:
        described = f"{name} {_describe(content.join(), bad)}"
        raise ValueError(f"{described}; expected a log that `mesa-gym score --save-episodes` wrote")
    if unknown:
        notes.append(f"{name}: {name_extra([*unknown])}")
    if not bad:
        return episodes, notes
    named = ", ".join(f"{_name_lines(piece)} ({piece.value})" for piece in bad[:MOST_NAMED])
    more = ", ..." * (len(bad) > MOST_NAMED)
    n_lines = sum(piece.last - piece.line + 1 for piece in bad)
    count = f"{n_lines:,} line{'s' * (n_lines > 1)}"
    return episodes, [f"{name}: {count} left out that cannot be read: {named}{more}", *notes]


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


def is_unfinished(content: Content) -> bool:
    """Return whether a log is empty or has only beginnings of lines of a killed writer."""
    return all(piece.reason == CUT for piece in list_values(content.read()))


def require_log(path: Path) -> None:
    """Raise ValueError, before episodes are added, unless a file is a log or has no whole line."""
    content = Content(str(path), b"", partial(files.read_chunks, path))
    if not any(map(_is_episode, list_values(content.read()))) and not is_unfinished(content):
        decode_episodes(content)


def _is_episode(piece: _Value) -> bool:
    try:
        convert_episode(piece.value)
    except ValueError:
        return False
    return True


def convert_episode(value: object) -> tuple[RecordedEpisode, list[str]]:
    """Return plain data as an episode with short texts (``keep_said``), and its unknown keys.

    Raises:
        ValueError: the data is not an episode.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {shorten(value)}")
    if isinstance(value.get("actions"), str):
        raise ValueError(
            "actions are text, as a CSV file has them; write"
            " frame['actions'] = frame['actions'].map(json.loads) first"
        )
    fields, extra = fit(value, RecordedEpisode)
    if isinstance(fields.get("trap"), str):
        fields["trap"] = name_trap(fields["trap"])
    if isinstance(answers := fields.get("said"), list):
        fields["said"] = [keep_said(text) if isinstance(text, str) else text for text in answers]
    return msgspec.convert(fields, RecordedEpisode), extra


class _Window:
    """The part of a log from the value that is read now on, which grows by chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._text, self._start = chunks, "", 0  # the value starts at _start
        self.size, self.ended = 0, False
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")

    def __len__(self) -> int:
        return len(self._text) - self._start

    def peek(self, end: int) -> str:
        """Return the first ``end`` characters."""
        return self._text[self._start : self._start + end]

    def grow(self) -> bool:
        """Add a chunk; return False at the end of the log."""
        if self.ended:
            return False
        chunk = next(self._chunks, None)
        self.ended = chunk is None
        added = self._decoder.decode(chunk or b"", final=self.ended)
        self._text, self._start = self._text[self._start :] + added, 0
        self.size += len(added)
        return True

    def skip(self, end: int) -> int:
        """Go on to the next value; return the number of lines from ``end`` to it."""
        lines, before = 0, ""
        self._start += end
        while True:
            match = _SEPARATORS.match(self._text, self._start)
            skipped = match[0] if match else ""
            # A line end of two characters may be split between two chunks.
            lines += _count_lines(before + skipped) - _count_lines(before)
            self._start, before = self._start + len(skipped), skipped[-1:]
            if len(self) or not self.grow():
                return lines

    def find_line_end(self) -> int:
        """Return the end of the first line, or of its part that was read if it is too long."""
        start = 0
        while not (match := _LINE_END.search(self._text, self._start + start)):
            start = len(self)
            if start > files.MOST_BYTES or not self.grow():
                return start
        return match.start() - self._start

    def drop_line(self) -> None:
        """Drop the first line, which may be longer than the memory, up to its end."""
        while not (match := _LINE_END.search(self._text, self._start)):
            self._start = len(self._text)
            if not self.grow():
                return
        self._start = match.start()

    def drop_rest(self) -> int:
        """Drop the rest of the log; return the number of line ends in it."""
        lines, before = 0, ""
        while len(self) or self.grow():
            text = before + self.peek(len(self))
            lines += _count_lines(text) - _count_lines(before)
            self._start, before = len(self._text), text[-1:]
        return lines


def list_values(chunks: Iterator[bytes]) -> Iterator[_Value]:
    """Yield the JSON values of a log, in lines, in an array or indented, and lines without JSON.

    The reason of a line that was cut off is ``CUT``.
    """
    window = _Window(chunks)
    line, wasted = 1 + window.skip(0), 0
    while len(window):
        line_end = end = window.find_line_end()
        reason, value = "", None
        if line_end > files.MOST_BYTES:
            window.drop_line()
            yield _Value(line, line, None, TOO_LONG.format(files.MOST_BYTES))
            line += window.skip(0)
            continue
        try:
            value, end = _decode(window, line_end)
            _require_unicode(window.peek(end))
        except RecursionError:
            reason, wasted = "the JSON nests too deeply", wasted + window.size
        except json.JSONDecodeError as error:
            wasted += error.pos
            text = window.peek(line_end).rstrip(BLANKS)
            is_cut = error.pos >= len(text) or error.msg.startswith(UNTERMINATED)
            reason = CUT if is_cut and text[:1] == "{" else f"it is not JSON: {error.msg}"
        except ValueError as error:
            reason = str(error)
            with suppress(ValueError, RecursionError):
                end = _decode(window, line_end, _LENIENT)[1]
        if wasted > MOST_WASTED * window.size:  # otherwise nested values would take quadratic time
            reason = "too many values are cut off or nested"
            yield _Value(line, line + window.drop_rest(), None, reason)
            return
        last = line + _count_lines(window.peek(end))
        yield _Value(line, last, value, reason)
        line = last + window.skip(end)


def _decode(window: _Window, line_end: int, decoder: json.JSONDecoder = DECODER) -> tuple[Any, int]:
    """Return the first value, of one or of several lines, and its length.

    Raises:
        JSONDecodeError: there is no value.
    """
    stop, length = line_end, WINDOW
    while True:
        part = window.peek(stop)
        try:
            return decoder.raw_decode(part)
        except json.JSONDecodeError as error:
            in_string = error.msg.startswith(UNTERMINATED)
            is_cut = error.pos > len(part) - LONGEST or in_string
            # A string has no line break.
            if not is_cut or (in_string and stop == line_end):
                raise
            while len(window) < min(line_end + length, files.MOST_BYTES) and window.grow():
                pass
            if stop == len(window):
                raise
        stop, length = min(line_end + length, len(window)), 8 * length


def _require_unicode(value: str) -> None:
    """Raise ValueError for bytes that are not UTF-8, and for halves of characters."""
    if not value.isascii() or "\\u" in value:
        msgspec.json.decode(re.sub(r"\bNaN\b", "null", value).encode(errors="surrogateescape"))


def _count_lines(text: str) -> int:
    """Return the number of line ends in a text."""
    line_feeds, returns = (text.count(sign) for sign in ("\n", "\r"))
    return line_feeds + returns - text.count("\r\n") if returns else line_feeds
