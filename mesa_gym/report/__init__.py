"""Reports: one card as a page; several as a table, a figure, a comparison or a leaderboard.

``print(card)`` is the terminal's.
"""

from mesa_gym.report.cells import Origin
from mesa_gym.report.committed import join_committed, read_committed
from mesa_gym.report.comparison import Comparison, compare
from mesa_gym.report.figure import plot
from mesa_gym.report.frames import columns
from mesa_gym.report.groups import CardGroup, group_cards
from mesa_gym.report.intervals import interval
from mesa_gym.report.leaderboard import Leaderboard, make_leaderboard
from mesa_gym.report.page import html
from mesa_gym.report.tables import table

__all__ = [
    "CardGroup",
    "Comparison",
    "Leaderboard",
    "Origin",
    "columns",
    "compare",
    "group_cards",
    "html",
    "interval",
    "join_committed",
    "make_leaderboard",
    "plot",
    "read_committed",
    "table",
]
