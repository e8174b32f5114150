"""All traps at a glance: the page of pages, and the grid of thumbnails on the first page."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from benchmarks.markdown import laid_out
from docs import trap_pictures
from docs.trap_pages import write_page
from mesa_gym.files import write_text
from mesa_gym.traps import Trap, package_traps

INTRODUCTION = """# All traps

Each picture shows a level of training beside one of the shift. A trap's page has its rules, a
film of policies that pursue its base objective and its proxy, its certificate, what agents did,
and its file."""
CATEGORIES = """## By category

Names such as "side effect" are of the types of pseudo-alignment in "Risks from Learned
Optimization" (Hubinger et al. 2019, section 3). A category says no more than a trap measures: an
oversight cue is constant in training, and whether an agent deceives is not asked."""


def write(folder: Path) -> None:
    """Write the pages of all traps, the page that lists them, and the grid alone."""
    # Other traps may be registered while this runs; the documentation is of the package's.
    classes = list(package_traps().values())
    for cls in classes:
        write_page(cls, folder)
        trap_pictures.thumbnail(cls, folder / "images" / f"{cls.__name__}-both.png")
    write_text(folder / "_grid.md", grid(classes))
    names = "\n".join(cls.__name__ for cls in classes)
    toctree = f"```{{toctree}}\n:hidden:\n\n{names}\n```"
    parts = [INTRODUCTION, toctree, "## The traps", grid(classes), CATEGORIES, _categories(classes)]
    write_text(folder / "index.md", "\n\n".join(parts) + "\n")


def grid(classes: list[type[Trap]]) -> str:
    """Return a list of thumbnails with names, which the style sheet lays out as a grid."""
    items = []
    for cls in classes:
        name = cls.__name__
        picture = f"![{name}: training beside shift](images/{name}-both.png)"
        goals = f"base `{cls.base}`, proxy `{'`, `'.join(cls.proxies)}`"
        items.append(f"- [{picture}]({name}.md)\n\n  [**{name}**]({name}.md)\n\n  {goals}\n")
    return "\n".join(items)


def _categories(classes: list[type[Trap]]) -> str:
    """Return a table: category -> the traps that have it."""
    of: dict[str, list[str]] = defaultdict(list)
    for cls in classes:
        link = f"[{cls.__name__}]({cls.__name__}.md)"
        of[", ".join(cls.category)].append(link)
        if not cls.solvable:
            of["random, so without exact solver"].append(link)
        if cls.expected == "base":
            of["no reward in training can single the proxy out"].append(link)
    return laid_out(["category", "traps"], [[name, ", ".join(links)] for name, links in of.items()])
