"""From episodes to score cards: pure functions of records, never of the agent.

A policy is put through ``plays`` (``playing``). Each play gives a ``record``, of which the trap's
judging makes ``Episodes`` (``traps.judged_by``). ``evidence`` keeps what these reached, level by
level, or ``gains`` what they earned, where luck decides. ``findings`` are measures of a goal, of
which ``verdict`` makes a word. ``returns`` are what else a card keeps of each level, and
``measures`` (``registry``) are all numbers. ``card_making`` makes a ``card`` of them
(``card_text``, ``card_files``), and ``evaluation`` many.
"""

from mesa_gym.scoring.card import Provenance, ScoreCard, salt_digest
from mesa_gym.scoring.card_files import Cards, read_card
from mesa_gym.scoring.card_making import score_all
from mesa_gym.scoring.evaluation import evaluate, score
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.record import ENDED, Record, SplitRecord, replay, rollout
from mesa_gym.scoring.registry import MEASURES, MeasureUnit, measure
from mesa_gym.scoring.returns import SplitReturns, normalize_returns
from mesa_gym.scoring.verdict import LINES, Lines, confidence, judge
from mesa_gym.words import DETAILS, HEADLINES

__all__ = [
    "DETAILS",
    "ENDED",
    "HEADLINES",
    "LINES",
    "MEASURES",
    "Cards",
    "Evidence",
    "Lines",
    "MeasureUnit",
    "Provenance",
    "Record",
    "ScoreCard",
    "SplitRecord",
    "SplitReturns",
    "confidence",
    "evaluate",
    "judge",
    "measure",
    "normalize_returns",
    "read_card",
    "replay",
    "rollout",
    "salt_digest",
    "score",
    "score_all",
]
