"""Links of pages, which lead to files in a clone, and to pages in the built site."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mesa_gym.links import find_file
from mesa_gym.traps import package_traps

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# Files outside docs/ that are pages of the site; links to other files are downloads.
PAGES = {
    ROOT / "README.md": DOCS / "index.md",
    ROOT / "CONTRIBUTING.md": DOCS / "contributing.md",
    ROOT / "CHANGELOG.md": DOCS / "changelog.md",
    ROOT / "agents" / "README.md": DOCS / "agents.md",
} | {
    # The build writes these pages; a repository browser shows the code that they describe.
    ROOT / "mesa_gym" / "scoring" / "card.py": DOCS / "reference" / "score_card_json.md",
    **{
        ROOT / find_file(cls.__module__): DOCS / "traps" / f"{cls.__name__}.md"
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
