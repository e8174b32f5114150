"""Reports: a score card as a page, as Markdown and as text for the terminal."""

from mesa_gym.report.markdown import markdown
from mesa_gym.report.page import html
from mesa_gym.report.text import text

__all__ = ["html", "markdown", "text"]
