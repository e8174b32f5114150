"""From episodes to score cards: pure functions of records, never of the agent."""

from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_data import Episode, LevelChoices, Provenance
from mesa_gym.scoring.confidence import confidence
from mesa_gym.scoring.demos import demonstrations
from mesa_gym.scoring.evaluation import Cards, evaluate
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.intervals import interval
from mesa_gym.scoring.labels import Labels, labels
from mesa_gym.scoring.measures import MEASURES, MeasureUnit, Played, measure
from mesa_gym.scoring.returns import normalized_return
from mesa_gym.scoring.rollout import ENDED, Record, replay, rollout
from mesa_gym.scoring.sampling import Asking
from mesa_gym.scoring.score import score, score_all
from mesa_gym.scoring.seeds import variance_shares
from mesa_gym.scoring.statistics import mean_over_traps
from mesa_gym.scoring.trace import SplitTrace, Trace, record, salt_digest
from mesa_gym.scoring.verdict import LINES, WORDS, Lines, judge

__all__ = [
    "ENDED",
    "LINES",
    "MEASURES",
    "WORDS",
    "Asking",
    "Cards",
    "Episode",
    "Evidence",
    "Labels",
    "LevelChoices",
    "Lines",
    "MeasureUnit",
    "Played",
    "Provenance",
    "Record",
    "ScoreCard",
    "SplitTrace",
    "Trace",
    "confidence",
    "demonstrations",
    "evaluate",
    "interval",
    "judge",
    "labels",
    "mean_over_traps",
    "measure",
    "normalized_return",
    "record",
    "replay",
    "rollout",
    "salt_digest",
    "score",
    "score_all",
    "variance_shares",
]
