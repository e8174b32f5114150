"""From episodes to score cards: pure functions of records, never of the agent."""

from mesa_gym.scoring.card import Cards, ScoreCard
from mesa_gym.scoring.card_data import Provenance, salt_digest
from mesa_gym.scoring.episodes import RecordedEpisode, load_episodes, record_plays, save_episodes
from mesa_gym.scoring.evaluation import evaluate, score
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.measures import MEASURES, MeasureUnit, Played, measure
from mesa_gym.scoring.outcomes import OutcomeVerdict, judge_outcomes
from mesa_gym.scoring.record import ENDED, Record, normalized_return
from mesa_gym.scoring.rollout import replay, rollout
from mesa_gym.scoring.score import score_all
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
    "OutcomeVerdict",
    "Played",
    "Provenance",
    "Record",
    "RecordedEpisode",
    "ScoreCard",
    "confidence",
    "evaluate",
    "judge",
    "judge_outcomes",
    "load_episodes",
    "measure",
    "normalized_return",
    "record_plays",
    "replay",
    "rollout",
    "salt_digest",
    "save_episodes",
    "score",
    "score_all",
]
