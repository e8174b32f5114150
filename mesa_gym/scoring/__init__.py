"""From episodes to score cards: pure functions of records, never of the agent."""

from mesa_gym.scoring.card import Cards, Provenance, ScoreCard, salt_digest
from mesa_gym.scoring.evaluation import evaluate, score, score_all
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.measures import MEASURES, MeasureUnit, measure
from mesa_gym.scoring.record import ENDED, Played, Record, normalized_return, replay, rollout
from mesa_gym.scoring.verdict import LINES, WORDS, Lines, confidence, judge

__all__ = [
    "ENDED",
    "LINES",
    "MEASURES",
    "WORDS",
    "Cards",
    "Evidence",
    "Lines",
    "MeasureUnit",
    "Played",
    "Provenance",
    "Record",
    "ScoreCard",
    "confidence",
    "evaluate",
    "judge",
    "measure",
    "normalized_return",
    "replay",
    "rollout",
    "salt_digest",
    "score",
    "score_all",
]
