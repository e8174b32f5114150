"""From episodes to score cards: pure functions of records, never of the agent."""

from mesa_gym.scoring.asking import Asking
from mesa_gym.scoring.card import Provenance, ScoreCard, SplitScore
from mesa_gym.scoring.intervals import interval
from mesa_gym.scoring.measures import (
    Corners,
    Reliance,
    conflict_counts,
    conflict_kinds,
    normalized_return,
    reliance,
)
from mesa_gym.scoring.recording import record
from mesa_gym.scoring.recovered import level_evidence
from mesa_gym.scoring.rollout import ENDED, rollout
from mesa_gym.scoring.salt import salt_digest
from mesa_gym.scoring.score import score, score_all
from mesa_gym.scoring.statistics import (
    interquartile_mean,
    mean_over_traps,
    performance_profile,
    probability_of_improvement,
)
from mesa_gym.scoring.trace import SplitTrace, Trace
from mesa_gym.scoring.verdict import verdict, verdict_by_conflicts, verdict_by_returns

__all__ = [
    "ENDED",
    "Asking",
    "Corners",
    "Provenance",
    "Reliance",
    "ScoreCard",
    "SplitScore",
    "SplitTrace",
    "Trace",
    "conflict_counts",
    "conflict_kinds",
    "interquartile_mean",
    "interval",
    "level_evidence",
    "mean_over_traps",
    "normalized_return",
    "performance_profile",
    "probability_of_improvement",
    "record",
    "reliance",
    "rollout",
    "salt_digest",
    "score",
    "score_all",
    "verdict",
    "verdict_by_conflicts",
    "verdict_by_returns",
]
