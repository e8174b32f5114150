"""Logs: judges episodes and outcomes that other programs recorded."""

from mesa_gym.logs.episodes import RecordedEpisode, record_plays, save_episodes
from mesa_gym.logs.judging import score_logs
from mesa_gym.logs.outcomes import judge_outcomes
from mesa_gym.logs.readers import read_log
from mesa_gym.logs.wrapper import LogEpisodes

__all__ = [
    "LogEpisodes",
    "RecordedEpisode",
    "judge_outcomes",
    "read_log",
    "record_plays",
    "save_episodes",
    "score_logs",
]
