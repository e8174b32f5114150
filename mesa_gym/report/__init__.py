"""Reports: score cards as pages, as Markdown, as a table or a picture for a paper.

``print(card)`` is the terminal's.
"""

from mesa_gym.report.atlas import AtlasPicture, plot
from mesa_gym.report.page import html, markdown
from mesa_gym.report.tables import table

__all__ = ["AtlasPicture", "html", "markdown", "plot", "table"]
