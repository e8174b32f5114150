"""Reports: one card as a page; several as a table, a figure, a comparison or a leaderboard.

``print(card)`` is the terminal's.
"""

from mesa_gym.report.committed import rank_among_committed, read_committed
from mesa_gym.report.comparison import Comparison, compare
from mesa_gym.report.figure import plot
from mesa_gym.report.frames import columns, matrix
from mesa_gym.report.groups import CardGroup, group_cards
from mesa_gym.report.intervals import interval, mean_over_traps
from mesa_gym.report.leaderboard import Leaderboard
from mesa_gym.report.page import html, markdown
from mesa_gym.report.profile import Profile
from mesa_gym.report.ranking import rank_agents
from mesa_gym.report.tables import table

__all__ = [
    "CardGroup",
    "Comparison",
    "Leaderboard",
    "Profile",
    "columns",
    "compare",
    "group_cards",
    "html",
    "interval",
    "markdown",
    "matrix",
    "mean_over_traps",
    "plot",
    "rank_agents",
    "rank_among_committed",
    "read_committed",
    "table",
]
