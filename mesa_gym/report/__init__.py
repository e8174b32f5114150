"""Reports: a score card as a page and as Markdown; ``print(card)`` is the terminal's."""

from mesa_gym.report.page import html, markdown

__all__ = ["html", "markdown"]
