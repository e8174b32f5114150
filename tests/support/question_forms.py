"""Does the form of a question name its play? A classifier that guesses it, and scripts of form.

The classifier reads everything of a question except the names of things (and the map). Scripts of
form choose a place by lengths, commas or the order of letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from math import log, sqrt
from typing import Any

from mesa_gym.choices.questions import Question
from mesa_gym.language import list_questions
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import all_traps, as_trap

Result = tuple[float, float]  # the accuracy, and the greatest accuracy by chance
MAP = re.compile(r"map, a line for each row.*?(?=signs:|places,)", re.DOTALL)
# The parts of an option: its number, its coordinates, and what is there.
OPTION = re.compile(r"^(\d)\. (?:(row \d+, column \d+)(?:: )?)?(.*)$", re.MULTILINE)
LEGEND = re.compile(r"^\S = .*$", re.MULTILINE)
# A name of a thing; an empty place and coordinates are form.
THING = re.compile(r"(?!(?:nothing|row|column)\b)[a-z]\w*")
# Script of form -> what it maximises over the options of a question.
SCRIPTS: dict[str, Callable[[Question, int], Any]] = {
    "most words": lambda question, i: len(question.things[i].split()),
    "longest text": lambda question, i: len(question.places[i]),
    "most commas": lambda question, i: question.places[i].count(","),
    "shortest text": lambda question, i: -len(question.places[i]),
    "last in the alphabet": lambda question, i: question.things[i],
}


def list_features(text: str, things: bool = True) -> set[str]:
    """Return the form of a text: options, length, lines, and words, without the map.

    Without ``things``, the letters of their names are hidden, and coordinates before names as well.
    """

    def show(match: re.Match[str]) -> str:
        number, _, there = match.groups()
        hidden = THING.sub(lambda name: "x" * len(name[0]), there)
        return f"{number}. {there if things else hidden or 'a place'}"

    rest = OPTION.sub(show, MAP.sub("", text))
    options = [there for _, _, there in OPTION.findall(rest)]
    features = {f"length {len(rest)}", f"lines {text.count(chr(10))}", f"options {len(options)}"}
    features |= {f"{i}: {there}" for i, there in enumerate(options)}
    features |= {f"longest {i}" for i, x in enumerate(options) if len(x) == max(map(len, options))}
    features.add(" / ".join(sorted(",".join(sorted(x.split(", "))) for x in options)))
    words = Counter(re.findall(r"\w+|,", "\n".join([*options, *LEGEND.findall(rest)])))
    return features | {f"{word} {count}" for word, count in words.items()}


def classify(texts_by_play: Mapping[str, Sequence[str]], things: bool = True) -> Result:
    """Return the accuracy of a Bernoulli naive Bayes on the odd levels, and the greatest by chance.

    ``texts_by_play`` has the questions of each play in the order of their levels.
    """
    features = {x: [list_features(t, things) for t in of] for x, of in texts_by_play.items()}
    return classify_features(features)


def classify_features(features: Mapping[str, Sequence[set[str]]]) -> Result:
    """Return the accuracy and the greatest one by chance, for play -> sets of features."""
    words = sorted(set().union(*(f for of in features.values() for f in of)))
    weights, shift = dict[str, dict[str, float]](), dict[str, float]()
    for play, of in features.items():
        half = of[::2]
        counts = Counter(word for f in half for word in f)
        odds = {w: (counts[w] + 1) / (len(half) + 2) for w in words}
        weights[play] = {w: log(p / (1 - p)) for w, p in odds.items()}
        shift[play] = sum(log(1 - p) for p in odds.values())

    def guess(feature: set[str]) -> str:
        score = {x: shift[x] + sum(of.get(w, 0.0) for w in feature) for x, of in weights.items()}
        return max(score, key=lambda play: score[play])

    right = [guess(f) == play for play, of in features.items() for f in of[1::2]]
    fair = 1 / len(features)
    # Four standard errors, as a trap has up to 45 pairs of plays.
    return sum(right) / len(right), fair + 4 * sqrt(fair * (1 - fair) / len(right))


def classify_pairs(
    texts_by_play: Mapping[str, Sequence[str]], things: bool = True
) -> Iterator[tuple[tuple[str, str], float, float]]:
    """Yield each pair of plays, and the results of ``classify`` on these plays alone."""
    features = {x: [list_features(t, things) for t in of] for x, of in texts_by_play.items()}
    for pair in combinations(features, 2):
        yield pair, *classify_features({x: features[x] for x in pair})


def ask_all(name: str, levels: int, **form: Any) -> dict[str, list[str]]:
    """Return play -> the texts of its questions; ``again`` differs from ``shift`` by its order."""
    trap = as_trap(name)
    return {
        play: [question.text for question in list_questions(trap, play, range(levels), **form)]
        for play in plays_of(trap)
    }


def answer_by(size: Callable[[Question, int], Any]) -> Callable[[Sequence[Question]], list[int]]:
    """Return a script that chooses the option with the greatest size."""

    def answer(question: Question) -> int:
        return 1 + max(range(len(question.cells)), key=lambda i: size(question, i))

    return lambda questions: [*map(answer, questions)]


def list_askable(tell: str) -> list[str]:
    """Return the traps whose places can be asked for in a form."""
    names = list[str]()
    for kind in all_traps().values():
        with suppress(ValueError):
            list_questions(kind(), "shift", [0], tell=tell)
            names.append(kind.name())
    return names
