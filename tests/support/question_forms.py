"""A classifier that guesses the play of a question from its form."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from math import log, sqrt

from mesa_gym.language import list_questions
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import as_trap

MAP = re.compile(r"map, a line for each row.*?(?=signs:|places,)", re.DOTALL)
# The parts of an option: its number, its coordinates, and what is there.
OPTION = re.compile(r"^(\d)\. (?:(row \d+, column \d+)(?:: )?)?(.*)$", re.MULTILINE)
LEGEND = re.compile(r"^\S = .*$", re.MULTILINE)
# A name of a thing; an empty place and coordinates are form.
THING = re.compile(r"(?!(?:nothing|row|column)\b)[a-z]\w*")


def list_features(text, things=True):
    """Return the form of a text: options, length, lines, and words, without the map.

    Without ``things``, the letters of their names are hidden, and coordinates before names as well.
    """

    def show(match):
        number, where, there = match.groups()
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


def classify(texts_by_play, **kept):
    """Return the accuracy of a Bernoulli naive Bayes on the odd levels, and the greatest by chance.

    ``texts_by_play`` has the questions of each play in the order of their levels.
    """
    features = {x: [list_features(t, **kept) for t in of] for x, of in texts_by_play.items()}
    return classify_features(features)


def classify_features(features):
    """Return the accuracy and the greatest one by chance, for play -> sets of features."""
    words = sorted(set().union(*(f for of in features.values() for f in of)))
    weights, shift = {}, {}
    for play, of in features.items():
        half = of[::2]
        counts = Counter(word for f in half for word in f)
        odds = {w: (counts[w] + 1) / (len(half) + 2) for w in words}
        weights[play] = {w: log(p / (1 - p)) for w, p in odds.items()}
        shift[play] = sum(log(1 - p) for p in odds.values())

    def guess(feature):
        score = {x: shift[x] + sum(of.get(w, 0.0) for w in feature) for x, of in weights.items()}
        return max(score, key=score.get)

    right = [guess(f) == play for play, of in features.items() for f in of[1::2]]
    fair = 1 / len(features)
    # Four standard errors, as a trap has up to 45 pairs of plays.
    return sum(right) / len(right), fair + 4 * sqrt(fair * (1 - fair) / len(right))


def classify_pairs(texts_by_play, **kept):
    """Yield each pair of plays, and the results of ``classify`` on these plays alone."""
    features = {x: [list_features(t, **kept) for t in of] for x, of in texts_by_play.items()}
    for pair in combinations(features, 2):
        yield pair, *classify_features({x: features[x] for x in pair})


def ask_all(trap, levels, **form):
    """Return play -> the texts of its questions; ``again`` differs from ``shift`` by its order."""
    trap = as_trap(trap)
    return {
        play: [question.text for question in list_questions(trap, play, range(levels), **form)]
        for play in plays_of(trap)
    }
