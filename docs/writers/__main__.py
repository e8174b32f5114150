"""Writes results, tables and pictures into README and the pages of docs: ``make pages``."""

from __future__ import annotations

from docs.writers import architecture, card_picture, citation, parts, pictures, traps


def main() -> None:
    """Write every part, page and picture again."""
    for writer in (parts, citation, traps, pictures, card_picture, architecture):
        writer.main()


if __name__ == "__main__":
    main()
