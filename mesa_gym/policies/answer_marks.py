"""Marks in the answers of language models: each option that a text names becomes one.

A mark is the option's number in brackets. A word that only looks like an option ("the right move",
"3 steps left", the 2 in "row 2") becomes none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesa_gym.engine import ACTIONS

# A mark: the number of an option, or "?" for one of several.
MARK = "⟦(?:\\d+|\\?)⟧"
UNSURE, ASIDE = "⟦?⟧", "~"
# So many characters of an answer are read at its start, and at its end.
END = 1000

# -- text as it comes ------------------------------------------------------------------------------

_THOUGHT = "think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis"
_OPEN, _SHUT = rf"[<\[◁](?:{_THOUGHT})\b[^>\]▷\n]*[>\]▷]", rf"[<\[◁]/(?:{_THOUGHT})[>\]▷]"
_KEYS = "(?:final_?)?(?:action|move|answer|choice|direction|option|place|decision|number)"
# Notations -> the same as a line "answer: X".
_NOTATIONS = (
    rf"<({_KEYS})>(?P<value>.*?)</\1>",
    r"\\boxed\{(?:\\text\{)?(?P<value>[^{}\n]*)\}+",
    rf"[\"']{_KEYS}[\"']\s*:\s*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\[[^\]\n]*\]|[\w.-]+)",
    r"\b(?:move|step|go|act|choose|play|answer)\((?:\w+\s*=\s*)?(?P<value>[^()\n]*)\)",
)
_ARROWS = {"←⬅": "left", "↓⬇": "down", "→➡": "right", "↑⬆": "up"}


def clean_answer(text: str) -> str:
    """Return a text in lower case, without markup and without a model's thinking."""
    text = re.sub(r"[⟦⟧\ufe0f]", "", text.lower().replace("’", "'"))
    *_, text = text.split("<|channel|>final<|message|>")
    text = re.sub(rf"{_OPEN}.*?{_SHUT}", "\n", text, flags=re.DOTALL)
    # A model that is made to think begins without the opening; one that was cut has no end.
    text = re.split(_OPEN, re.split(_SHUT, text)[-1])[0]
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r"<\|[^|\n]*\|>", "\n", text).strip())
    if len(text) > 2 * END:  # what is between is read by none, since searching takes its square
        text = f"{text[:END]}\n{text[-END:]}"
    for notation in _NOTATIONS:
        text = re.sub(notation, r"\nanswer: \g<value>\n", text, flags=re.DOTALL)
    for arrows, word in _ARROWS.items():
        text = re.sub(rf"^([\W_]*)[{arrows}]([\W_]*)$", rf"\1{word}\2", text, flags=re.MULTILINE)
        text = re.sub(rf"[{arrows}]", ">", text)
    # A longer quotation is what another one says.
    text = re.sub(r"\"(?:[^\"\s]+[^\S\n]+){4,}[^\"\s]+\"", ASIDE, text)
    return re.sub(r"\s*(?:--+|[–—])\s*", " - ", re.sub(r"[*_`\"“”#$\\{}]", " ", text))


# -- marks -----------------------------------------------------------------------------------------

# Words of directions that mean none, and what stands for them.
_NO_DIRECTION = (
    (
        r"\b(?:the|a|my) right (?=(?:next )?(?:action|move|choice|answer|option|way|thing|place|"
        r"decision|step|direction|one|path|goal|target|track)\b)",
        "the best ",
    ),
    (r"\bright (?:now|away|after|before|here|there|next to|beside|in front)\b", ASIDE),
    (
        r"\b(?:all|that's|that is|you're|you are|i'm|i am|be|seems|sounds|got it|is it) right\b",
        ASIDE,
    ),
    (r"(?:^|(?<=[.!?] ))\W*right, (?!because|since|as|for|to|not|rather|instead)", f"{ASIDE}, "),
    (r"(?:^|(?<=[.!?] ))\W*right[.!] (?=[^\n]*\b(?:left|up|down)\b)", f"{ASIDE}. "),
    (
        r"\b(?:what's|what is|steps?|(?:\d+|no|few|two|three) moves|cells?|time|nothing|anything"
        r"|options?|much|many|places?|i|are|have|has) left\b(?! of)",
        ASIDE,
    ),
    (r"\bleft (?:over(?! right| up| down)|behind|out|alone|with)\b", ASIDE),
    (
        r"\b(?:end|pick|give|look|sum|set|make|made|come|follow|open|back|line|speed|add|show|wake|use)"
        r"(?:s|ed|ing)? up\b|\bup (?:to \d|until)",
        ASIDE,
    ),
    (
        r"\b(?:slow|break|narrow|write|count|calm|sit|lie|note|boil|let)(?:s|ing)?"
        r" (?:it |this )?down\b",
        ASIDE,
    ),
    (r"\bact (?:as|like|on|accordingly|carefully|quickly|upon|of|in)\b", ASIDE),
)


def mark_actions(text: str) -> str:
    """Return a clean text in which each name of an action is replaced by the action's mark."""
    for phrase, instead in _NO_DIRECTION:
        text = re.sub(phrase, instead, text, flags=re.MULTILINE)
    word = rf"(?<![\w-])({'|'.join(ACTIONS)})(?:wards?)?(?![\w-])"
    return re.sub(word, lambda found: f"⟦{ACTIONS.index(found[1])}⟧", text)


_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_NUMERALS = ("one", "two", "three", "four", "five")
_CALLED = r"(?:place|option|number|choice|no\.|#)\s*"
# Numbers that count something else.
_COUNTS = (
    r"\b(?:rows?|columns?|cells?|levels?|steps?|distance)\s+\d+(?:\s*(?:,|and|or|to|-)\s*\d+)*",
    r"\b\d+(?=\s*(?:steps?|cells?|moves?|rows?|columns?|%|percent|points?|times?|places|options)\b)",
    r"\(\s*\d+\s*,\s*\d+\s*\)",
    r"^\s*\d+[.)]\s+(?=\S)",
)


def mark_places(text: str, places: Sequence[str]) -> str:
    """Return a clean text in which each named or numbered place is replaced by the place's mark."""
    for k, place in enumerate(places, 1):
        spelt = r"\W+".join(map(re.escape, re.findall(r"\w+", place.lower())))
        if len(at := re.findall(r"\d+", place)) == 2:
            spelt += rf"|\(\s*{at[0]}\s*,\s*{at[1]}\s*\)"
        listed = rf"(?<!row )(?<!column )(?:\b{_CALLED})?\b(\d+)\s*[.):,-]*\s*\(?"
        text = re.sub(
            rf"(?:{listed})?(?<!\w)(?:{spelt})(?!\w)",
            lambda found, k=k: f"⟦{k}⟧" if found[1] in (None, str(k)) else UNSURE,  # type: ignore[misc]
            text,
        )
    for count in _COUNTS:
        text = re.sub(count, ASIDE, text, flags=re.MULTILINE)
    for k, (ordinal, numeral) in enumerate(zip(_ORDINALS, _NUMERALS, strict=True), 1):
        text = re.sub(rf"\b{ordinal} (?:place|option|choice|one)\b", str(k), text)
        text = re.sub(rf"(?:\b{_CALLED}|^\W*){numeral}\b", str(k), text, flags=re.MULTILINE)

    def mark(found: re.Match[str]) -> str:
        return f"⟦{int(found[1])}⟧" if 1 <= int(found[1]) <= len(places) else UNSURE

    return re.sub(rf"(?:\b{_CALLED})?(?<![\w.,⟦-])(\d{{1,6}})(?![\w⟧-]|[.,]\d)", mark, text)
