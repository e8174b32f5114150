"""Parses answers of language models: the option that a text names in one of a few forms.

The forms are an option alone on its line, ``answer: X``, and JSON, a tag, a call or a box that
contains X. Tool calls may be nested: in JSON, in a JSON string within JSON, or in tags. Sentences
are not parsed. Thoughts and complete reasons may precede the answer, but only ``Reason: ...`` may
follow it. All other texts are unread, including texts whose forms name different options.
"""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import category, normalize

from mesa_gym.engine import ACTIONS

ACTION_ASKED = "Answer with the name of one action, alone on the last line."
ASKED_AGAIN = "The answer was not read: give it alone on the last line."
_KEY = "(?:(?:the|my|final|next)[ _])*(?:answer|action|move|direction|choice|option|place)s?"
_THOUGHT = "(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)[>\\]▷]"
_CALL = "arguments|args|parameters|params|input|function|tool_calls?|response|output|result"
_SPACE = r"(?:\w+:)?"  # the namespace of a tag
_WRAPPER = "(?:tool_call|function|function_call|invoke)s?"
_DEPTH = 5
MOST_OBJECTS = 1000  # a text with more opening braces is unread, because each object takes time
# Marks around answers from nested JSON objects; ``_list_lines`` first removes them from a text.
_OPENING, _CLOSING = "\u2063", "\u2064"
_DOUBT = r"no|not|never|wait|wrong|blocked|actually|instead|rather|but|however|sorry|\w+n't"


class Notation(NamedTuple):
    """A form of answers that is rewritten as a line ``answer: X``, or markup that is dropped.

    Attributes:
        example: an answer in lower case that cannot be read without this notation.
        pattern: the pattern to replace, in each line.
        replacement: the replacement of each match.
    """

    example: str
    pattern: str
    replacement: str


# The order matters: markup around an answer is removed before forms that must fill a line.
NOTATIONS = (
    Notation(
        "<tool_call>step <arg_key>action</arg_key> <arg_value>up</arg_value>",
        rf"(?:<tool_call>\w+\s*)?<arg_key>\s*{_KEY}\s*</arg_key>\s*<arg_value>([^<>]*)</arg_value>",
        r"\nanswer: \1\n",
    ),
    Notation(
        "up<|end|>",
        rf"<\|[^|\n]*\|>|</s>|</?{_SPACE}{_WRAPPER}\b[^<>\n]*>|```\w*$",
        "\n",
    ),
    Notation("answer: u**p**", r"[*`\"“”«»$#\r]", ""),
    Notation(
        "it is free <answer>up</answer>",
        rf"<{_SPACE}(?:parameter(?: name)?=)?{_KEY}(?: type=\w+| string=\w+)?>([^<>]*)</[^<>]*>",
        r"\nanswer: \1\n",
    ),
    Notation("<answer>\nup", rf"^[ \t]*</?{_KEY}>[ \t]*$", ""),
    Notation(
        "move(direction=up)",
        rf"^[^\w\n]*(?:\w+\.)?{_KEY}\((?:\w+=)?([^()\n]*)\)[^\w\n]*$",
        r"answer: \1",
    ),
    Notation(r"\boxed{\text{up}}", r"\\boxed\{(?:\\text\{)?([^{}\n]*)\}+", r"\1"),
    Notation("i see a wall. answer: up", rf"(?<=[.!]) +(?={_KEY}(?: is)?\s*[:=])", "\n"),
    Notation("answer\n\nup", rf"^[^\w\n]*{_KEY}(?: is)?(?:\s*[:=])?\s*\n\s*", "answer: "),
    Notation("<answer>answer: up</answer>", r"answer: (?=answer:)", ""),
)


def read_action(text: object) -> int | None:
    """Return the action that an answer names; None if it names none or several, or is not text."""
    return _read(text, ACTIONS)


def read_place(text: object, places: Sequence[str]) -> int | None:
    """Return the number, from 1, of the place that an answer names ("row 3, column 1"), or None.

    A number may precede any of the place's things ("1. cheese").
    """
    options = []
    for number, place in enumerate(places, 1):
        words = re.findall(r"\w+", place.lower())
        things = "|".join(x for x in words if x not in ("row", "column") and not x.isdecimal())
        named = rf"(?:\W+(?:{things}))*" if things else ""
        pattern = r"\W+".join(words)
        options.append(rf"{number}{named}|(?:{number}\W+)?{pattern}")
    index = _read(text, options)
    return None if index is None else index + 1


def _read(text: object, options: Sequence[str]) -> int | None:
    """Return the index of the option (a pattern) that an answer names; None if it is unread."""
    choices, behind, ended = set[int | None](), "", True
    for line in _list_lines(text) if isinstance(text, str) else []:
        keyed = re.fullmatch(rf"{_KEY}(?: is)?\s*[:=](.*)", line)
        answer = re.sub(rf"^{_KEY}(?: is)? ", "", keyed[1] if keyed else line)
        answer = answer.strip(" \t_'‘’()[]{}<>|.,;!…")
        named = next((k for k, option in enumerate(options) if re.fullmatch(option, answer)), None)
        # A line in one of the forms counts; an option in the middle of a sentence does not.
        if formal := keyed is not None or named is not None:
            withheld = not ended and re.search(rf"\b(?:{_DOUBT})\b", behind.rpartition("\n")[2])
            choices.add(named if ended or (keyed and not withheld) else None)
        behind, ended = ("", True) if formal else (f"{behind}\n{line}", line[-1] in ".!)")
    if len(choices) != 1 or (choice := choices.pop()) is None:
        return None
    # Text after the answer may only explain it, without doubts or other options.
    alternatives = [option for k, option in enumerate(options) if k != choice]
    doubt = re.search(rf"\b(?:{'|'.join([*alternatives, _DOUBT])})\b", behind)
    return choice if re.match(r"\n(?:reason|explanation|because)|$", behind) and not doubt else None


def _list_lines(text: str) -> list[str]:
    """Return the lines of a text without thoughts and markup; a notation becomes its own line."""
    if not text.isascii():  # ASCII has no marks of format; a category of each character takes time
        text = "".join(x for x in normalize("NFKC", text) if category(x) != "Cf")
    text = text.lower()
    # A chat template may contain the opening tag of thoughts; a truncated answer lacks the closing.
    text = re.split(rf"[<\[◁]/{_THOUGHT}|<\|channel\|>final<\|message\|>", text)[-1]
    text = re.split(rf"[<\[◁]{_THOUGHT}", text.replace("’", "'"))[0]
    if text.count("{") > MOST_OBJECTS:
        return []
    for _ in range(_DEPTH):
        text = re.sub(r"\{[^{}]*\}", _read_object, text)
    text = re.sub(f'"?{_OPENING}([^{_CLOSING}]*){_CLOSING}"?', r"\nanswer: \1\n", text)
    for notation in NOTATIONS:
        text = re.sub(notation.pattern, notation.replacement, text, flags=re.MULTILINE)
    return [x.strip(" \t_'‘([<|") for x in text.split("\n") if re.search(r"\w", x)]


def _read_object(match: re.Match[str]) -> str:
    """Return the answers in a JSON object, as a JSON string; without answers, the object itself.

    Other keys are ignored, unless they contain an object with an answer, which may be rejected.
    """
    escaped = match[0].replace('\\"', '"').replace(r"\n", " ")  # an object in a JSON string
    for text, quote in ((match[0], '"'), (escaped, "")):
        try:
            pairs: list[tuple[str, object]] = json.loads(text, object_pairs_hook=list)
        except (RecursionError, ValueError):
            continue
        answers = list[str]()
        for key, entry in pairs:
            nested = re.findall(f"{_OPENING}([^{_CLOSING}]*)", str(entry))
            if re.fullmatch(f"{_KEY}|{_CALL}", key) and nested:
                answers += nested
            elif nested or re.fullmatch(_KEY, key):
                answers.append("?" if nested else re.sub(r'[\\"\n{}]', " ", str(entry)))
        named = "".join(f"{_OPENING}{answer}{_CLOSING}" for answer in answers)
        return f"{quote}{named}{quote}" if named else match[0]
    return match[0]
