"""A classifier that guesses the play of a question from its form, without the map.

``python -m tests.support.question_forms TRAP`` prints its accuracy.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from math import log, sqrt

from mesa_gym.scoring import list_questions
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import as_trap

MAP = re.compile(r"map, a line for each row.*?(?=signs:|places,)", re.DOTALL)
# The parts of an option: its number, its coordinates, and what lies there.
OPTION = re.compile(r"^(\d)\. (?:(row \d+, column \d+)(?:: )?)?(.*)$", re.MULTILINE)


def list_features(text, things=True, coordinates=True):
    """Return the form of a text: options, length, lines, and the words apart from the map."""

    def show(match):
        number, where, there = match.groups()
        return f"{number}. {where or '' if coordinates else ''} {there if things else ''}"

    rest = OPTION.sub(show, MAP.sub("", text))
    length = len(text) - len(MAP.sub("", text)) + len(rest)
    features = {f"length {length}", f"lines {text.count(chr(10))}"}
    features |= {f"{word} {count}" for word, count in Counter(re.findall(r"\w+", rest)).items()}
    return features | {f"options {len(OPTION.findall(rest))}"}


def classify(texts_by_play, **shown):
    """Return the accuracy of a Bernoulli naive Bayes on the odd levels, and the greatest by chance.

    ``texts_by_play`` has the questions of each play in the order of their levels.
    """
    features = {x: [list_features(t, **shown) for t in of] for x, of in texts_by_play.items()}
    words = sorted(set().union(*(f for of in features.values() for f in of)))
    weights, shift = {}, {}
    for play, of in features.items():
        known = of[::2]
        counts = Counter(word for f in known for word in f)
        odds = {w: (counts[w] + 1) / (len(known) + 2) for w in words}
        weights[play] = {w: log(p / (1 - p)) for w, p in odds.items()}
        shift[play] = sum(log(1 - p) for p in odds.values())

    def guess(feature):
        score = {x: shift[x] + sum(of.get(w, 0.0) for w in feature) for x, of in weights.items()}
        return max(score, key=score.get)

    right = [guess(f) == play for play, of in features.items() for f in of[1::2]]
    fair = 1 / len(features)
    return sum(right) / len(right), fair + 3 * sqrt(fair * (1 - fair) / len(right))


def ask_all(trap, levels, **form):
    """Return play -> the texts of its questions; ``again`` differs from ``shift`` by its order."""
    trap = as_trap(trap)
    return {
        play: [question.text for question in list_questions(trap, play, range(levels), **form)]
        for play in plays_of(trap)
    }


def main():
    """Print the accuracy on 500 questions of each play."""
    for name in sys.argv[1:]:
        for tell in ("where", "things", "both"):
            texts = ask_all(name, 500, tell=tell)
            for shown in ({}, {"things": False}, {"things": False, "coordinates": False}):
                accuracy, most = classify(texts, **shown)
                left_out = ", ".join(shown) or "nothing"
                print(f"{name}, {tell}, without {left_out}: {accuracy:.3f} (at most {most:.3f})")


if __name__ == "__main__":
    main()
