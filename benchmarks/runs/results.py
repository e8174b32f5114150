"""Results of a run: where they lie, which are whole, and what happens to the others.

::

    agents/CheeseCorner-v0/ppo-s0/          a trained agent; no other result needs it
    cards/CheeseCorner-v0/ppo-s0.json       its score card; oracle-cheese.json for oracle:cheese
    training/CheeseCorner-v0/ppo-s0.json    its record, of the weights that the card is of
    .work/                                  what is being done (see ``processes``)
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.options import folder
from mesa_gym.files import read_bytes
from mesa_gym.policies import POLICY_FILE, read_policy_file, references
from mesa_gym.report.groups import agent_and_seed
from mesa_gym.report.strip import episode_strip
from mesa_gym.scoring import Provenance, ScoreCard
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.trained.record import AgentRecord, digest_weights
from mesa_gym.traps import Trap, all_traps

Note = Callable[[str], None]
T = TypeVar("T")
# The results that are committed.
COMMITTED = Path("benchmarks/results")
DAMAGED = ""


def add_results_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the results' folder, by default that of the committed ones."""
    parser.add_argument(
        "--out", type=folder, default=COMMITTED, help=f"the results' folder ({COMMITTED})"
    )


def card_path(trap: str, policy: str) -> Path:
    """Return the path of a score card, relative to the results."""
    return Path("cards", trap, f"{policy.replace(':', '-')}.json")


def training_path(trap: str, policy: str) -> Path:
    """Return the path of the record of a scored agent, relative to the results."""
    return Path("training", trap, f"{policy}.json")


def expect_provenance(trap: Trap, levels: int) -> Provenance:
    """Return what the card of a policy that is scored here and now must say."""
    return Provenance(
        trap=repr(trap), levels=levels, seed=0, salt="", trace=False, versions=package_versions()
    )


def trim_versions(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the versions that cards must share: of Python without its patch release."""
    python = {"python": versions["python"].rpartition(".")[0]} if "python" in versions else {}
    return {**versions, **python}


def require_same_training(path: Path, said: object, wanted: Mapping[str, Any]) -> None:
    """Raise ValueError where a result says that its agent was trained otherwise than is wanted."""
    for name, value in wanted.items():
        if getattr(said, name) != value:
            raise ValueError(
                f"{path} was trained with {name} {getattr(said, name)!r}, and this run wants"
                f" {value!r}; choose another --out, or delete it"
            )


def require_writable(folder: Path) -> None:
    """Make a folder, and raise ValueError, before hours of work, where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(65536))
            file.flush()
    except OSError as error:
        raise ValueError(
            f"nothing can be written into {folder} ({error.strerror}); make it writable, or choose"
            " another --out"
        ) from None


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
        self._damaged = set[Path]()  # what was set aside

    def digest_agent(self, path: Path, facts: Mapping[str, Any]) -> str | None:
        """Return the digest of an agent's weights; None where it is missing, ``DAMAGED`` if it was.

        Args:
            path: of its directory, relative to the results.
            facts: what its record must say of its training.

        Raises:
            ValueError: it was trained in another way.
        """
        folder = self.folder / path
        if not os.path.lexists(folder):
            return DAMAGED if folder in self._damaged else None
        try:
            read_policy_file(folder)  # refuses weights that lie elsewhere
            record = AgentRecord.load(folder / POLICY_FILE)
            weights = digest_weights(read_bytes(folder / record.weights))
        except (ValueError, OSError) as error:
            return self._set_aside(folder, str(error))
        require_same_training(folder, record, facts)
        if weights != record.weights_digest:
            reason = f"the weights in {folder} are damaged, or of another agent"
            return self._set_aside(folder, reason)
        return weights

    def has_card(self, provenance: Provenance, trap: str, policy: str) -> bool:
        """Return whether the card is there, whole, of this policy and these levels and versions."""

        def load(path: Path) -> ScoreCard:
            card = ScoreCard.load(path)
            if (card.trap, card.policy) != (trap, policy):
                raise ValueError(f"{path} is of {card.policy} on {card.trap}")
            if card.provenance == provenance:
                episode_strip(card)  # can be played
            return card

        card = self.read(self.folder / card_path(trap, policy), load)
        return card is not None and card.provenance == provenance

    def read_training(self, trap: str, policy: str) -> AgentRecord | None:
        """Return the record of the agent that was scored, if it is there and whole."""
        return self.read(self.folder / training_path(trap, policy), AgentRecord.load)

    def read(self, path: Path, load: Callable[[Path], T]) -> T | None:
        """Return what a file holds; None where there is none, or a damaged one."""
        try:
            return load(path)
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:  # such as a link that leads to itself
            told = str(error) if str(path) in str(error) else f"{path}: {error}"
            self._set_aside(path, told)
            return None

    def _set_aside(self, path: Path, reason: str) -> str:
        """Rename a file or folder, so that nothing that might be worth saving is lost."""
        if self.note is not None:
            number = 1
            while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
                number += 1
            path.rename(aside)
            self._damaged.add(path)
            self.note(f"damaged: {reason}\n  kept as {aside}")
        return DAMAGED

    def cards(self) -> list[ScoreCard]:
        """Return every card; none where no agent was scored.

        Raises:
            ValueError: one is damaged, or two are of the same policy and trap; the message says
                what to do.
        """
        files = sorted((self.folder / "cards").glob("*/*.json"))
        cards = {path: self.load(path, ScoreCard.load) for path in files}
        named: dict[tuple[str, str], Path] = {}
        for path, card in cards.items():
            other = named.setdefault((card.trap, card.policy), path)
            trap, seed = all_traps().get(card.trap), agent_and_seed(card.policy)[1]
            if trap is None or (seed is None and card.policy not in references(trap)):
                raise ValueError(
                    f"{path} is of {card.policy!r} on {card.trap!r}, which is neither an agent with"
                    " its seed, such as ppo-s0, nor a reference policy, on a trap that there is;"
                    " move it elsewhere or delete it"
                )
            if other != path:
                raise ValueError(
                    f"{other} and {path} both say that they are the card of {card.policy} on"
                    f" {card.trap}; delete one"
                )
        return list(cards.values())

    def load(self, path: Path, load: Callable[[Path], T]) -> T:
        """Return what a file holds; ValueError, which names it and says what to do, if damaged."""
        try:
            return load(path)
        except (ValueError, OSError) as error:
            told = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise ValueError(
                f"{told}\n`python -m benchmarks board run{self.out_option()}` sets the"
                " damaged file aside and makes it again; a file that no run makes: delete it"
            ) from None

    def notice(self) -> str:
        """Return what holds for all of these results, the text of ``notice.md``; "" without it."""
        path = self.folder / "notice.md"
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""

    def out_option(self) -> str:
        """Return the option that names this folder on a command line."""
        return f" --out {self.folder}"
