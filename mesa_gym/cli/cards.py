"""Score cards on the command line: files, folders of them, each with a name for its agent."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob
from pathlib import Path

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring import Cards, ScoreCard

CARDS = (
    "score cards: a file of one or of a list, 'card-s*.json' in quotes, or a folder of files;"
    " NAME=PATH renames its agent"
)


def read_cards(words: Iterable[str]) -> Cards:
    """Return the cards of some files or folders, each given as PATH or NAME=PATH.

    Raises:
        ValueError: a file is damaged or missing, or one name is given to cards of several agents.
    """
    found = list[ScoreCard]()
    for word in words:
        name, path = split_name(word)
        cards = load_cards([path])
        if not cards:
            raise ValueError(f"{path} has no score card; expected one or a list of them")
        if name:
            agents = list(dict.fromkeys(agent_and_seed(card.policy)[0] for card in cards))
            if len(agents) > 1:
                raise ValueError(
                    f"{word}: these cards are of the agents {', '.join(agents)}; one name"
                    " can rename one agent only"
                )
            cards = cards.rename(agents[0], name)
        found += cards
    return Cards(found)


def load_cards(paths: Iterable[str]) -> Cards:
    """Return the cards of files, folders and patterns of files."""
    return Cards(card for path in paths for file in match(path) for card in Cards.load(file))


def match(path: str) -> list[str]:
    """Return the paths that a pattern matches, and any other path as it is."""
    return sorted(glob(path)) or [path]


def split_name(word: str) -> tuple[str, str]:
    """Split NAME=REST into its parts; the first is "" for a path alone, even if the path has =."""
    name, equals, rest = word.partition("=")
    return (name, rest) if equals and rest and not Path(word).exists() else ("", word)
