"""Results of a run: where they lie, which are whole, and what happens to the others.

::

    agents/CheeseCorner-v0/ppo-s0/          a trained agent; no other result needs it
    cards/CheeseCorner-v0/ppo-s0.json       its score card; oracle-cheese.json for oracle:cheese
    training/CheeseCorner-v0/ppo-s0.json    how it came to be
    .work/                                  what is being done (``benchmarks.locks``)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.training import Training
from mesa_gym.policies import read_policy_file
from mesa_gym.scoring import Provenance, ScoreCard
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.traps import Trap

Note = Callable[[str], None]
T = TypeVar("T")
DAMAGED = ""


def card_path(trap: str, policy: str) -> Path:
    """Return the path of a score card, relative to the results."""
    return Path("cards", trap, f"{policy.replace(':', '-')}.json")


def training_path(trap: str, policy: str) -> Path:
    """Return the path of an agent's training record, relative to the results."""
    return Path("training", trap, f"{policy}.json")


def scored_on(trap: Trap, levels: int) -> Provenance:
    """Return what the card of a policy that is scored here and now must say."""
    return Provenance(
        trap=repr(trap), levels=levels, seed=0, salt="", trace=False, versions=package_versions()
    )


def otherwise(path: Path, said: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise ValueError where a result says that its agent was trained otherwise than is wanted."""
    for name, value in wanted.items():
        if said.get(name) != value:
            raise ValueError(
                f"{path} was trained with {name} {said.get(name)!r}, and this run wants"
                f" {value!r}; choose another --out, or delete it"
            )


class Results:
    """The results under one folder.

    Args:
        folder: of the run; it need not exist.
        note: called with what a person should know of a damaged result, which is set aside, so
            that it can be made again; None where nothing may be touched, which is for all who do
            not hold the lock of the unit that makes it.
    """

    def __init__(self, folder: Path, note: Note | None = None) -> None:
        self.folder, self.note = folder, note

    def agent(
        self, path: Path, facts: Mapping[str, Any], parts: Iterable[Path] = (Path(),)
    ) -> str | None:
        """Return the digest of an agent's weights; None where it is missing, ``DAMAGED`` if it was.

        Args:
            path: of its directory, relative to the results.
            facts: what its ``policy.json`` must say of its training.
            parts: the agents that must be there, relative to the directory: itself, checkpoints.

        Raises:
            ValueError: it was trained in another way.
        """
        folder = self.folder / path
        if not folder.exists():
            return None
        try:
            entries = read_policy_file(folder)
        except ValueError as error:
            return self._damaged(folder, str(error))
        otherwise(folder, entries, facts)
        try:
            for part in parts:
                _whole(folder / part)
        except (ValueError, OSError) as error:
            return self._damaged(folder, str(error))
        return str(entries.get("weights_digest"))

    def has_card(self, provenance: Provenance, trap: str, policy: str) -> bool:
        """Return whether the card is there, whole, of this policy and these levels and versions."""
        path = self.folder / card_path(trap, policy)
        card = self._read(path, ScoreCard.load)
        if card is not None and (card.trap, card.policy) != (trap, policy):
            self._damaged(path, f"{path} is of {card.policy} on {card.trap}")
            return False
        return card is not None and card.provenance == provenance

    def training(self, trap: str, policy: str) -> Training | None:
        """Return the record of an agent's training, if it is there and whole."""
        return self._read(self.folder / training_path(trap, policy), Training.load)

    def _read(self, path: Path, load: Callable[[Path], T]) -> T | None:
        """Return what a file holds; None where there is none, or a damaged one."""
        try:
            if path.is_dir():
                raise ValueError(f"{path} is a folder; expected a file")
            return load(path)
        except FileNotFoundError:
            return None
        except ValueError as error:
            self._damaged(path, str(error))
            return None

    def _damaged(self, path: Path, reason: str) -> str:
        """Rename a file or folder, so that nothing that might be worth saving is lost."""
        if self.note is not None:
            number = 1
            while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
                number += 1
            path.rename(aside)
            self.note(f"damaged: {reason}\n  kept as {aside}")
        return DAMAGED

    def cards(self) -> list[ScoreCard]:
        """Return every card.

        Raises:
            ValueError: one is damaged, two are of the same policy and trap, or there is none;
                the message says what to do.
        """
        files = sorted((self.folder / "cards").glob("*/*.json"))
        if not files:
            raise ValueError(
                f"there is no score card under {self.folder / 'cards'}; first do"
                f" `python -m benchmarks.leaderboard run{self.out_option()}`"
            )
        try:
            cards = {path: ScoreCard.load(path) for path in files}
        except ValueError as error:
            raise ValueError(
                f"{error}\n`python -m benchmarks.leaderboard run{self.out_option()}` sets the"
                " damaged file aside and makes it again"
            ) from None
        named: dict[tuple[str, str], Path] = {}
        for path, card in cards.items():
            other = named.setdefault((card.trap, card.policy), path)
            if other != path:
                raise ValueError(
                    f"{other} and {path} both say that they are the card of {card.policy} on"
                    f" {card.trap}; delete one"
                )
        return list(cards.values())

    def out_option(self) -> str:
        """Return the option that names this folder on a command line."""
        return f" --out {self.folder}"


def _whole(folder: Path) -> None:
    """Raise ValueError or OSError where an agent's weights are not those that it was saved with."""
    from agents.saving import digest  # torch is an extra

    entries = read_policy_file(folder)
    if digest((folder / entries["weights"]).read_bytes()) != entries.get("weights_digest"):
        raise ValueError(f"the weights in {folder} are damaged, or of another agent")
