"""Answers of language models: parses the option that a text names in one of a few forms.

A form is an option alone on its line; ``answer: X``; or JSON, a tag, a call or a box with X. Calls
of tools are nested: in JSON, JSON within a text of JSON, or tags. No sentence is understood. Before
it may stand thoughts, and reasons that end; after it ``Reason: ...`` alone. All else is unread, and
so is an answer whose forms disagree.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from unicodedata import category, normalize

from mesa_gym.engine import ACTIONS

ACTION_ASKED = "Answer with the name of one action, alone on the last line."
ASKED_AGAIN = "The answer was not read: give it alone on the last line."
_KEY = "(?:(?:the|my|final|next)[ _])*(?:answer|action|move|direction|choice|option|place)s?"
_THOUGHT = "(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)[>\\]▷]"
_CALL = "arguments|args|parameters|params|input|function|tool_calls?|response|output|result"
_SPACE = r"(?:\w+:)?"  # of the names of tags
# Around the answers of a JSON object, within larger ones; no text has them (``_list_lines``).
_WRAPPER = "(?:tool_call|function|function_call|invoke)s?"
_DEPTH = 5
_OPENING, _CLOSING = "\u2063", "\u2064"
_DOUBT = r"no|not|never|wait|wrong|blocked|actually|instead|rather|but|however|sorry|\w+n't"


class Notation(NamedTuple):
    """A form of answers that is rewritten as a line ``answer: X``, or markup that is dropped.

    Attributes:
        example: an answer in lower case that is read with this notation, and unread without it.
        pattern: what is replaced, in each line.
        replacement: of what the pattern matches.
    """

    example: str
    pattern: str
    replacement: str


# In this order: markup around an answer goes before the forms that have to fill a line.
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


def read_action(text: Any) -> int | None:
    """Return the action that an answer names; None for none, for several, and for no text."""
    return _read(text, ACTIONS)


def read_place(text: Any, places: Sequence[str]) -> int | None:
    """Return the number, from 1, of the place that an answer names ("row 3, column 1"), or None."""
    spelt = [r"\W+".join(re.findall(r"\w+", place.lower())) for place in places]
    index = _read(text, [rf"{k}|(?:{k}\W+)?{place}" for k, place in enumerate(spelt, 1)])
    return None if index is None else index + 1


def _read(text: Any, options: Sequence[str]) -> int | None:
    """Return the index of the option, each a pattern, that an answer names."""
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
    text = "".join(x for x in normalize("NFKC", text) if category(x) != "Cf").lower()
    # A model that is made to think begins without the opening; one that was cut has no end.
    text = re.split(rf"[<\[◁]/{_THOUGHT}|<\|channel\|>final<\|message\|>", text)[-1]
    text = re.split(rf"[<\[◁]{_THOUGHT}", text.replace("’", "'"))[0]
    for _ in range(_DEPTH):
        text = re.sub(r"\{[^{}]*\}", _read_object, text)
    text = re.sub(f'"?{_OPENING}([^{_CLOSING}]*){_CLOSING}"?', r"\nanswer: \1\n", text)
    for notation in NOTATIONS:
        text = re.sub(notation.pattern, notation.replacement, text, flags=re.MULTILINE)
    return [x.strip(" \t_'‘([<|") for x in text.split("\n") if re.search(r"\w", x)]


def _read_object(match: re.Match[str]) -> str:
    """Return the answers that a JSON object names, as a text of JSON; else the object as it is.

    Its other keys are ignored, unless an object in them names an answer: it may be a rejected one.
    """
    escaped = match[0].replace('\\"', '"').replace(r"\n", " ")  # an object within a text
    for text, quote in ((match[0], '"'), (escaped, "")):
        try:
            pairs: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
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
