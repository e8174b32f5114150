"""Links of pages, which lead to files in a clone, and to pages in the built site."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mesa_gym.links import find_file
from mesa_gym.traps import package_traps

HERE = Path(__file__).parent
DOCS = HERE.parent
ROOT = DOCS.parent
# Files outside docs/ of which the build writes pages.
COPIED = {
    ROOT / "CONTRIBUTING.md": HERE / "contributing.md",
    ROOT / "CHANGELOG.md": HERE / "changelog.md",
    ROOT / "agents" / "README.md": HERE / "agents.md",
}
# Files outside docs/ that are pages of the site; links to other files are downloads.
PAGES = {
    **COPIED,
    ROOT / "README.md": DOCS / "index.md",
    # A repository browser shows the code that these pages describe.
    ROOT / "mesa_gym" / "scoring" / "card.py": HERE / "reference" / "score_card_json.md",
    ROOT / "mesa_gym" / "sb3" / "callback.py": HERE / "reference" / "sb3.md",
    **{
        ROOT / "mesa_gym" / "engine" / f"{name}.py": HERE / "reference" / "engine.md"
        for name in ("building", "move", "paths")
    },
    **{
        ROOT / find_file(cls.__module__): HERE / "traps" / f"{cls.__name__}.md"
        for cls in package_traps().values()
    },
}
TARGET = re.compile(r"""(\]\(|(?:src|srcset|href)=")([^)"\s#:]+)""")
# Text of a page -> its replacement on the site, which can show a page inside a page.
LESSON = (
    "`mesa-gym demo` opens a lesson: find out which goal *you* learn, and then which goal a trained"
    " robot learnt."
)
SITE_ONLY = {
    LESSON: f'{LESSON}\n\n<iframe class="lesson" src="lesson.html" title="A lesson of five screens"'
    ' loading="lazy"></iframe>',
}


def relink(text: str, folder: Path, here: Path) -> str:
    """Return a text with its links changed from relative to ``folder`` to relative to ``here``."""

    def lead(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        leads = os.path.relpath(PAGES.get(target, target), here)
        return f"{link[1]}{leads}" if target in PAGES or target.is_file() else link[0]

    return TARGET.sub(lead, text)
