"""Choice against alpha: what agents go for after a share of training from the shift, base paid.

    python -m benchmarks board run --traps CheeseCorner CoinRun --levels 250 --seeds 5 \\
        --algorithms ppo plr-exact plr-estimated --alpha 0 .0003 .001 .003 .01 .03 .1 .3 \\
        --out runs/alpha
    python -m docs.studies.alpha runs/alpha --page docs/studies/alpha.md

At alpha 0 there is nothing to learn of the shift: this is the null.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.board.board import read_cards
from benchmarks.jobs.store import Results
from benchmarks.markdown import pipes
from docs.studies.page_tables import make_parser, show
from mesa_gym.command import DONE, run_command
from mesa_gym.rendering.colours import BASE, NONE, PROXIES, to_hex
from mesa_gym.report import rank_agents
from mesa_gym.report.profile import UNTRAINED

PICTURE = Path(__file__).parents[1] / "images" / "alpha.svg"
ALPHA = re.compile(r"-alpha([0-9.e-]+)$")
SHARES = {"base": to_hex(BASE), "proxy": to_hex(PROXIES[0]), "neither": to_hex(NONE)}
# (Trap, algorithm) -> alpha -> base, proxy and neither, the mean over seeds.
Curves = dict[tuple[str, str], dict[float, dict[str, float]]]


def read_curves(folder: Path) -> Curves:
    """Return what the agents under a folder choose."""
    found: Curves = {}
    cards = read_cards(Results(folder))
    for trap in dict.fromkeys(card.trap for card in cards):
        own = rank_agents([card for card in cards if card.trap == trap])
        for profile, (whole, _) in zip(own.profiles, own.group_rows(), strict=True):
            if profile.agent in UNTRAINED:
                continue
            alpha = ALPHA.search(profile.agent)
            name = profile.agent.removesuffix(alpha[0]) if alpha else profile.agent
            shares = {share: float(whole[share]) for share in SHARES}
            found.setdefault((trap, name), {})[float(alpha[1]) if alpha else 0.0] = shares
    return {key: dict(sorted(curve.items())) for key, curve in sorted(found.items())}


def tabulate(curves: Curves) -> str:
    """Return a table of base / proxy / neither, a row a trap and algorithm, a column an alpha."""
    alphas = sorted({alpha for curve in curves.values() for alpha in curve})
    rows = [
        [trap.partition("-v")[0], name, *(_write_shares(curve.get(alpha)) for alpha in alphas)]
        for (trap, name), curve in curves.items()
    ]
    return pipes(["trap", "algorithm", *(f"{alpha:g}" for alpha in alphas)], rows)


def _write_shares(shares: Mapping[str, float] | None) -> str:
    return " / ".join(f"{x:.2f}".lstrip("0") for x in shares.values()) if shares else "–"


def draw(curves: Curves) -> str:
    """Return an SVG: a panel a trap and algorithm, shares stacked over alpha."""
    traps = sorted({trap for trap, _ in curves})
    names = sorted({name for _, name in curves})
    with rc_context({"svg.hashsalt": "alpha", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((3.2 * len(names), 2.2 * len(traps)), layout="constrained")
        axes: Sequence[Sequence[Any]] = figure.subplots(
            len(traps), len(names), sharex=True, sharey=True, squeeze=False
        )
        for line, trap in zip(axes, traps, strict=True):
            for axis, name in zip(line, names, strict=True):
                curve = curves.get((trap, name), {})
                heights = [[shares[share] for shares in curve.values()] for share in SHARES]
                axis.stackplot(range(len(curve)), *heights, colors=[*SHARES.values()])
                axis.set_title(f"{trap.partition('-v')[0]}, {name}")
                axis.set_xticks(range(len(curve)), [f"{alpha:g}" for alpha in curve], rotation=60)
                axis.set_ylim(0, 1)
        figure.supxlabel("alpha, the share of training episodes from the shift")
        figure.legend(axes[0][0].collections[:3], [*SHARES], loc="outside upper right", ncols=3)
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 2 bad usage, 130 interrupted."""
    parser = make_parser("alpha", __doc__)
    parser.add_argument("folder", type=Path, help="the results of `board run`")
    options = parser.parse_args(arguments)

    def work() -> int:
        found = read_curves(options.folder)
        show("alpha", tabulate(found), options.page)
        if options.page:
            PICTURE.write_text(draw(found))
        return DONE

    return run_command("alpha", work)


if __name__ == "__main__":
    sys.exit(main())
