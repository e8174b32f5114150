"""Reports, which show score cards as a table, figure, comparison or leaderboard."""

from mesa_gym.report.board_rows import Origin
from mesa_gym.report.board_text import Leaderboard
from mesa_gym.report.committed import join_committed, read_committed
from mesa_gym.report.comparison import Comparison, compare
from mesa_gym.report.figure import plot
from mesa_gym.report.groups import group_cards
from mesa_gym.report.intervals import interval
from mesa_gym.report.joining import make_leaderboard
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.tables import CardTable, table

__all__ = [
    "CardTable",
    "Comparison",
    "Leaderboard",
    "Origin",
    "SeedGroup",
    "compare",
    "group_cards",
    "interval",
    "join_committed",
    "make_leaderboard",
    "plot",
    "read_committed",
    "table",
]
