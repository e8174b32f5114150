"""Logs: episodes that another tool recorded, a line each, gathered, read and judged."""

from mesa_gym.logs.judging import LogScore, score_logs
from mesa_gym.logs.readers import read_log
from mesa_gym.logs.wrapper import LogEpisodes

__all__ = ["LogEpisodes", "LogScore", "read_log", "score_logs"]
