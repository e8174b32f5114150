"""From episodes to score cards: pure functions of records, never of the agent.

``playing`` runs a policy through several ``plays``. Each play gives a ``record``, which the trap's
judging turns into outcomes (``traps.judged_by``). ``evidence`` stores the outcome on each level, or
the returns if outcomes depend on luck. ``findings`` and ``gains`` compute a policy's ``numbers``
from it, which ``rules`` and ``verdict`` read. ``returns`` stores the return on each level, and
``measures`` (``registry``) computes all numbers of a card. ``card_making`` makes a ``card``
(``card_text``, ``card_files``), and ``evaluation`` makes many cards.
"""

from mesa_gym.scoring.card import ScoreCard, salt_digest
from mesa_gym.scoring.card_fields import Provenance
from mesa_gym.scoring.card_files import Cards, read_card
from mesa_gym.scoring.card_making import score_all
from mesa_gym.scoring.evaluation import evaluate, score
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.scoring.registry import MEASURES, MeasureUnit, measure
from mesa_gym.scoring.returns import SplitReturns, normalize_returns
from mesa_gym.scoring.rules import LINES, Lines
from mesa_gym.scoring.verdict import confidence, judge
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
