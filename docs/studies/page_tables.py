"""Tables at their places in pages, between ``<!-- NAME -->`` and ``<!-- until here -->``."""

from __future__ import annotations

from pathlib import Path

from mesa_gym.files import write_text

END = "<!-- until here -->"


def show(name: str, text: str, page: Path | None) -> None:
    """Print a table, and put it into a page, if one is given."""
    print(f"{text}\n")
    if page:
        before, after = split_page(page, name)
        write_text(page, f"{before}\n\n{text}\n\n{after}")


def split_page(page: Path, name: str) -> tuple[str, str]:
    """Return a page up to the mark ``<!-- name -->``, and from the next ``END`` on.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = page.read_text().partition(f"<!-- {name} -->")
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page} has no place for the tables: <!-- {name} --> and then {END}")
    return before + begin, end + after
