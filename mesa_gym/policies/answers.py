"""Parses answers of language models: the option that a text names in one of a few forms.

The forms are an option alone on its line, ``answer: X``, and JSON, a tag, a call or a box that
contains X. Tool calls may be nested: in JSON, in a JSON string within JSON, or in tags. Sentences
are not parsed. Thoughts and complete reasons may precede the answer, but only ``Reason: ...`` may
follow it. All other texts are unread, including texts whose forms name different options.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
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
_DOUBTS = re.compile(rf"\b(?:{_DOUBT})\b")
_EXPLANATIONS = ("reason", "explanation", "because")  # begin a text that may follow an answer
_KEYED = re.compile(rf"{_KEY}(?: is)?\s*[:=](.*)")
_CLOSED_THOUGHT = re.compile(rf"[<\[◁](?:/{_THOUGHT}|\|channel\|>final<\|message\|>)")
_OPEN_THOUGHT = re.compile(rf"[<\[◁]{_THOUGHT}")
_OBJECT = re.compile(r'\{[^{}"]*"[^{}]*\}')
_WORD = re.compile(r"[^\W_]")  # a letter or digit, which a rule such as "___" lacks
_AROUND_LINE = " \t_'‘([<|"
_AROUND = r"[ \t_'‘’()\[\]{}<>|.,;!…]*"  # an answer


class Notation(NamedTuple):
    """A form of answers that is rewritten as a line ``answer: X``, or markup that is dropped.

    Attributes:
        example: an answer in lower case that cannot be read without this notation.
        signs: each match contains one of these, so that a text without them is not searched.
        pattern: the pattern to replace, in each line.
        replacement: the replacement of each match.
    """

    example: str
    signs: tuple[str, ...]
    pattern: str
    replacement: str


# The order matters: markup around an answer is removed before forms that must fill a line.
NOTATIONS = (
    Notation(
        "<tool_call>step <arg_key>action</arg_key> <arg_value>up</arg_value>",
        ("<arg_key>",),
        rf"(?:<tool_call>\w+\s*)?<arg_key>\s*{_KEY}\s*</arg_key>\s*<arg_value>([^<>]*)</arg_value>",
        r"\nanswer: \1\n",
    ),
    Notation("up<|end|>", ("<",), rf"<\|[^|\n]*\|>|</s>|</?{_SPACE}{_WRAPPER}\b[^<>\n]*>", "\n"),
    Notation("```text\nup", ("```",), r"```\w*$", "\n"),
    Notation("answer: u**p**", (*'*`"“”«»$#\r',), r"[*`\"“”«»$#\r]", ""),
    Notation(
        "it is free <answer>up</answer>",
        ("</",),
        rf"<{_SPACE}(?:parameter(?: name)?=)?{_KEY}(?: type=\w+| string=\w+)?>([^<>]*)</[^<>]*>",
        r"\nanswer: \1\n",
    ),
    Notation("<answer>\nup", ("<",), rf"^[ \t]*</?{_KEY}>[ \t]*$", ""),
    Notation(
        "move(direction=up)",
        ("(",),
        rf"^[^\w\n]*(?:\w+\.)?{_KEY}\((?:\w+=)?([^()\n]*)\)[^\w\n]*$",
        r"answer: \1",
    ),
    Notation(r"\boxed{\text{up}}", (r"\boxed",), r"\\boxed\{(?:\\text\{)?([^{}\n]*)\}+", r"\1"),
    Notation(
        "i see a wall. answer: up", (":", "="), rf"([.!]) +(?={_KEY}(?: is)?\s*[:=])", r"\1\n"
    ),
    Notation("answer\n\nup", ("\n",), rf"^[^\w\n]*{_KEY}(?: is)?(?:\s*[:=])?\s*\n\s*", "answer: "),
    Notation("<answer>answer: up</answer>", ("answer: answer:",), r"answer: (?=answer:)", ""),
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


@lru_cache(maxsize=64)
def _join_options(options: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a line that has an option alone, whose group k + 1 is option k."""
    any_option = "|".join(f"({option})" for option in options)
    return re.compile(rf"(?:{_KEY}(?: is)? )?{_AROUND}(?:{any_option}){_AROUND}")


def _read(text: object, options: Sequence[str]) -> int | None:
    """Return the index of the option (a pattern) that an answer names; None if it is unread."""
    option_alone = _join_options(tuple(options))
    choices, behind, ended = set[int | None](), list[str](), True
    for line in _list_lines(text) if isinstance(text, str) else []:
        keyed = _KEYED.fullmatch(line) if ":" in line or "=" in line else None
        option = option_alone.fullmatch(keyed[1] if keyed else line)
        named = None if option is None else int(option.lastindex or 0) - 1
        # A line in one of the forms counts; an option in the middle of a sentence does not.
        if keyed or option:
            withheld = not ended and behind and _DOUBTS.search(behind[-1])
            choices.add(named if ended or (keyed and not withheld) else None)
            behind, ended = [], True
        else:
            behind.append(line)
            ended = line[-1] in ".!)"
    if len(choices) != 1 or (choice := choices.pop()) is None:
        return None
    # Text after the answer may only explain it, without doubts or other options.
    explains = not behind or behind[0].startswith(_EXPLANATIONS)
    alternatives = [option for k, option in enumerate(options) if k != choice]
    doubt = re.search(rf"\b(?:{'|'.join([*alternatives, _DOUBT])})\b", "\n".join(behind))
    return choice if explains and not doubt else None


def _list_lines(text: str) -> list[str]:
    """Return the lines of a text without thoughts and markup; a notation becomes its own line."""
    if not text.isascii():
        text = normalize("NFKC", text)
        for mark in (x for x in {*text} if category(x) == "Cf"):  # of format, such as its direction
            text = text.replace(mark, "")
    text = text.lower()
    # A chat template may contain the opening tag of thoughts; a truncated answer lacks the closing.
    text = _CLOSED_THOUGHT.split(text)[-1]
    text = _OPEN_THOUGHT.split(text.replace("’", "'"))[0]
    if text.count("{") > MOST_OBJECTS:
        return []
    for _ in range(_DEPTH):
        before, text = text, _OBJECT.sub(_read_object, text)
        if text == before:
            break
    if _OPENING in text:
        text = re.sub(f'"?{_OPENING}([^{_CLOSING}]*){_CLOSING}"?', r"\nanswer: \1\n", text)
    for notation in NOTATIONS:
        if any(sign in text for sign in notation.signs):
            text = re.sub(notation.pattern, notation.replacement, text, flags=re.MULTILINE)
    lines = (line.strip(_AROUND_LINE) for line in text.split("\n"))
    return [line for line in lines if _WORD.search(line)]


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
