"""The figures of cards by plays, logs and outcomes; ``cards.json`` keeps digests of all of them.

No sentence is among them, so that a digest changes only with a figure.

``python -m tests.golden.card_lines CASE`` prints the lines of a case, to compare two checkouts.
"""

import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

import numpy as np

from mesa_gym.engine.chance import hash64
from mesa_gym.errors import PolicyError
from mesa_gym.language import score_choices
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.logs import judge_outcomes, record_plays, score_logs
from mesa_gym.policies import as_policy
from mesa_gym.report.committed import FOLDER, decode_card, list_files, read_lines
from mesa_gym.scoring import read_card, score, score_all
from mesa_gym.scoring.plays import JUDGED
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, as_trap, find_trap, package_traps
from tests.support.small_traps import Slippery, SmallDish

POLICIES = ("oracle:base", "oracle:{}", "nearest", "aimless", "random", "ppo:0")
LEVELS = 20
LOGGED = ("CheeseDish", "LavaLand")
# Text -> its answer: an action by its words, of which some cannot be read.
ANSWERS = ("left", "down", "right", "up", "stay", "I go left, or right", "")
# Other keywords, sizes, salts and seeds: trap, policies, levels and keywords of ``score_all``.
SETTINGS = {
    "rho": (lambda: find_trap("Attributes")(rho=0.5, objects=4), POLICIES, LEVELS, {}),
    "corner": (lambda: find_trap("CheeseCorner")(7, corner=3), POLICIES, LEVELS, {}),
    "pillars": (lambda: find_trap("CueOrPay")(sure=0.8, forced=0.1), POLICIES[:4], 80, {}),
    "pear": (lambda: find_trap("Probation")(pear=0.5, mock=0.2), POLICIES[4:], 80, {}),
    "salt": (find_trap("CheeseDish"), POLICIES, LEVELS, {"salt": "s", "seed": 5}),
    "many": (find_trap("CheeseDish"), POLICIES[:4], 260, {}),
    "few": (find_trap("RedBlueDoors"), POLICIES, 3, {"seed": 1}),
    "small": (SmallDish, POLICIES[:5], LEVELS, {}),
    "slippery": (Slippery, POLICIES[:5], LEVELS, {}),
    "references": (
        find_trap("MonsterWorld"), ("reference:base", "reference:shields", "sweeper"), 40, {}
    ),
    "gains": (find_trap("MonsterWorld"), ("sweeper", "random"), 260, {"seed": 2}),
    "memory": (find_trap("FlashOrPay"), ("ppo-gru:0", "sweeper"), 2 * LEVELS, {}),
}  # fmt: skip


def name_cases():
    """Return case -> a function that yields its lines."""
    cases = {f"trap {name}": partial(list_trap, name) for name in package_traps()}
    cases |= {f"setting {name}": partial(list_setting, name) for name in SETTINGS}
    cases |= {f"log {name}": partial(list_logs, name) for name in LOGGED}
    cases |= {f"committed {name}": partial(list_committed, name) for name in list_files()}
    more = (list_outcomes, list_texts, list_choices, list_failures)
    return cases | {function.__name__: function for function in more}


def write_number(number):
    """Return a number in nine digits, because processors add in different orders."""
    return f"{round(number, 9) + 0:.9g}" if isinstance(number, float) else str(number)


def spread(tree, *keys):
    """Yield (key, number) for each number that is not None in nested dictionaries."""
    if isinstance(tree, dict):
        for key in sorted(tree):
            yield from spread(tree[key], *keys, key)
    elif tree is not None:
        yield " ".join(keys), write_number(tree)


def list_card(card):
    """Yield the figures of a card."""
    provenance = card.provenance
    yield f"{card.policy} on {provenance.trap}, {provenance.levels} {provenance.seed}"
    yield f"identity {provenance.salt} {provenance.digest} {provenance.training}"
    yield f"verdict {card.verdict} {card.detail} {card.wants} {card.competent} {card.fails_control}"
    yield f"confidence {write_number(card.confidence)} {write_number(card.detail_confidence)}"
    for key, number in spread({"splits": card.splits, "nulls": card.nulls}):
        yield f"{key} {number}"


def list_played(trap, policies, levels, played=lambda name, records: None, **keywords):
    """Yield the lines of policies on a trap, written and read again, and of those that fail."""
    failures, makers = {}, {}
    for name in dict.fromkeys(x.format(trap.proxies[0]) for x in policies):
        try:
            as_policy(name, trap, trap.horizon(Split.TEST))
        except (PolicyError, ValueError):
            yield f"{name} fails"
            continue
        makers[name] = partial(as_policy, name, trap)
    cards = score_all(makers, trap, levels, failed=failures, played=played, **keywords)
    for card in cards.values():
        yield from list_card(card)
        assert read_card(card.to_json()).to_json() == card.to_json()
    yield from (f"{name} fails" for name in failures)


def list_trap(name):
    """Yield the lines of six policies on a trap; some lives ask no question."""
    trap = as_trap(name)
    yield from list_played(trap, POLICIES, LEVELS * (2 if trap.trials > 1 else 1))


def list_setting(name):
    """Yield the lines of a setting."""
    make, policies, levels, keywords = SETTINGS[name]
    yield from list_played(make(), policies, levels, **keywords)


def list_logs(name):
    """Yield the cards of logs: of whole plays, without plays, of few levels, and of each twice."""
    trap, kept = as_trap(name), {}
    yield from list_played(trap, (*POLICIES[:3], "random"), 100, played=kept.__setitem__)
    for policy, records in kept.items():
        episodes = [*record_plays(trap, policy, records)]
        logs = {
            "whole": episodes,
            "without again": [x for x in episodes if x.play != "again"],
            "few": [x for x in episodes if x.level < 40],
            "twice": [x for x in episodes for _ in range(2)],
        }
        for part, of_part in logs.items():
            yield part
            for card in score_logs(of_part)[0]:
                yield from list_card(card)
                assert read_card(card.to_json()).to_json() == card.to_json()


def list_outcomes():
    """Yield the cards of steps to targets in an environment of the user's own."""
    for name in ("CheeseDish", "ColourShape"):
        trap, kept = as_trap(name), {}
        policies = [x.format(trap.proxies[0]) for x in (*POLICIES[:5], "sweeper")]
        makers = {x: partial(as_policy, x, trap) for x in policies}
        score_all(makers, trap, LEVELS, played=kept.__setitem__)
        plays = {x: count_steps(records) for x, records in kept.items()}
        least = {x: level_values(trap, x, np.arange(LEVELS)).contact for x in JUDGED}
        nulls = {x: {p: of for p, of in plays[x].items() if p != "again"} for x in policies[-2:]}
        for of_policy in plays.values():
            card = judge_outcomes(of_policy, nulls, least, 1, base=trap.base)
            assert read_card(card.to_json()).to_json() == card.to_json()
            yield from list_card(card)


def count_steps(records):
    """Return play -> objective -> moves up to the first payment on each level, 0 for never."""
    steps = {}
    for play, record in records.items():
        any_pay = np.any([pay > 0 for pay in record.paid.values()], axis=0)
        moves, levels = np.cumsum(record.moved | any_pay, axis=0), range(any_pay.shape[1])
        first = {x: pay > 0.5 for x, pay in record.paid.items()}
        steps[play] = {
            x: np.where(paid.any(axis=0), moves[paid.argmax(axis=0), levels], 0)
            for x, paid in first.items()
        }
    return {play: of for play, of in steps.items() if play not in ("train", "control")}


def answer_question(text):
    """Return an answer to a question, some of which cannot be read."""
    return ANSWERS[hash64(text) % len(ANSWERS)]


def list_texts():
    """Yield the cards of text policies with kept answers, asked and not asked again."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of answers that cannot be read
        for _ in range(2):
            ask = keep_answers(answer_question, Path(folder) / "answers.jsonl", "hash")
            yield from list_twice(score(ask, "CheeseDish", 6, observation="text"))


def list_twice(card):
    """Yield the figures of a card, and of the same card written and read."""
    yield from list_card(card)
    yield from list_card(read_card(card.to_json()))


def weigh_places(questions):
    """Return log probabilities of places, which lean to the dish and to the top."""
    return np.array(
        [
            [2 * (q.find("dish") == i) + (q.find("cheese") == i) + 1 / i for i in range(1, k + 1)]
            for q in questions
            for k in [len(q.cells)]
        ]
    )


def list_choices():
    """Yield the cards of models that choose places, with several forms of questions."""
    models = {
        "dish": (lambda qs: [q.find("dish") or 1 for q in qs], {"tell": "things"}),
        "first": (lambda qs: [1 for _ in qs], {"options": 3, "examples": 2}),
        "cheese": (lambda qs: [q.find("cheese") or None for q in qs], {"trained": True}),
        "odds": (weigh_places, {"tell": "both", "names": {"dish": "plate"}}),
        "hash": (lambda qs: [hash64(q.text) % 4 + 1 for q in qs], {"salt": "s"}),
    }
    for name, (answer, form) in models.items():
        yield from list_twice(score_choices("CheeseDish", answer, LEVELS, name, **form))


class FailingPolicy:
    """A policy that raises at its third call."""

    memory = False
    calls = 0

    def __call__(self, observations):
        self.calls += 1
        if self.calls > 3:
            raise ZeroDivisionError("tired")
        return np.full((len(observations), 5), 0.2)


def list_failures():
    """Yield the cards of two policies of which one fails, and of both alone."""
    trap = as_trap("CheeseDish")
    for names in (("failing", "random"), ("random",), ("failing",)):
        made = {"failing": FailingPolicy(), "random": "random"}
        makers = {x: partial(as_policy, made[x], trap) for x in names}
        failures = {}
        cards = score_all(makers, trap, 20, failed=failures)
        yield from (line for card in cards.values() for line in list_card(card))
        yield from (f"{name} fails" for name in failures)


def list_committed(name):
    """Yield the lines of the committed cards of a file, each computed again."""
    path = FOLDER / f"{name}.jsonl.xz"
    for line in read_lines(path):
        yield from list_card(decode_card(line, path, checked=False))


if __name__ == "__main__":
    for line in name_cases()[" ".join(sys.argv[1:])]():
        print(line)
