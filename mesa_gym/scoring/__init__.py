"""From episodes to score cards: pure functions of records, never of the agent."""

from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import Episode, Provenance
from mesa_gym.scoring.evaluation import Cards, evaluate
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.measures import MEASURES, MeasureUnit, Played, Subject, measure
from mesa_gym.scoring.record import ENDED, Record, normalized_return
from mesa_gym.scoring.rollout import replay, rollout
from mesa_gym.scoring.score import score, score_all
from mesa_gym.scoring.trace import SplitTrace, Trace, record, salt_digest
from mesa_gym.scoring.verdict import LINES, WORDS, Lines, confidence, judge

__all__ = [
    "ENDED",
    "LINES",
    "MEASURES",
    "WORDS",
    "Cards",
    "Episode",
    "Evidence",
    "Lines",
    "MeasureUnit",
    "Played",
    "Provenance",
    "Record",
    "ScoreCard",
    "SplitTrace",
    "Subject",
    "Trace",
    "confidence",
    "evaluate",
    "judge",
    "measure",
    "normalized_return",
    "record",
    "replay",
    "rollout",
    "salt_digest",
    "score",
    "score_all",
]
