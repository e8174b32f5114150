"""Papers that the traps come from, each written once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper that a trap comes from.

    Attributes:
        authors: all of them by full name, in the paper's order.
        year: of publication.
        title: in full.
        venue: conference, if any, and arXiv number.
    """

    authors: str
    year: int
    title: str
    venue: str

    def cite(self, part: str) -> str:
        """Return the full citation and the part of the paper that a trap follows."""
        return f"{self.authors} ({self.year}), {self.title}, {self.venue}: {part}"


LEIKE = Paper(
    "Jan Leike, Miljan Martic, Victoria Krakovna, Pedro A. Ortega, Tom Everitt, Andrew Lefrancq,"
    " Laurent Orseau and Shane Legg",
    2017,
    "AI Safety Gridworlds",
    "arXiv:1711.09883",
)
HADFIELD_MENELL = Paper(
    "Dylan Hadfield-Menell, Smitha Milli, Pieter Abbeel, Stuart J. Russell and Anca Dragan",
    2017,
    "Inverse Reward Design",
    "Advances in Neural Information Processing Systems 30, arXiv:1711.02827",
)
HUBINGER = Paper(
    "Evan Hubinger, Chris van Merwijk, Vladimir Mikulik, Joar Skalse and Scott Garrabrant",
    2019,
    "Risks from Learned Optimization in Advanced Machine Learning Systems",
    "arXiv:1906.01820",
)
LANGOSCO = Paper(
    "Lauro Langosco Di Langosco, Jack Koch, Lee D. Sharkey, Jacob Pfau and David Krueger",
    2022,
    "Goal Misgeneralization in Deep Reinforcement Learning",
    "International Conference on Machine Learning, arXiv:2105.14111",
)
SHAH = Paper(
    "Rohin Shah, Vikrant Varma, Ramana Kumar, Mary Phuong, Victoria Krakovna, Jonathan Uesato and"
    " Zac Kenton",
    2022,
    "Goal Misgeneralization: Why Correct Specifications Aren't Enough For Correct Goals",
    "arXiv:2210.01790",
)
ABDEL_SADEK = Paper(
    "Karim Abdel Sadek, Matthew Farrugia-Roberts, Usman Anwar, Hannah Erlebach, Christian"
    " Schroeder de Witt, David Krueger and Michael Dennis",
    2025,
    "Mitigating Goal Misgeneralization via Minimax Regret",
    "Reinforcement Learning Conference, arXiv:2507.03068",
)
