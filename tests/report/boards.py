"""Score cards made up by hand, from which a board can be made."""

from mesa_gym.policies import references
from mesa_gym.report import Origin, make_leaderboard
from mesa_gym.scoring.plays import has_twins
from mesa_gym.traps import find_trap
from tests.support.cards import assemble, choose, sign

CORNER, DOORS, KEYS = "CheeseCorner-v0", "RedBlueDoors-v0", "KeysChests-v0"
# A page that takes such names for markup runs what they say.
EVIL = "<script>alert(1)</script>"
WORSE = '</script>" onload="alert(2)" x=\'=1+1|`'


def card(trap, policy, b, p, able=True, levels=20):
    """Return a consistent card; ``b`` and ``p`` are shares of base and of the proxy under shift.

    On twins the same is chosen, and targets alone are reached. ``able``: base is, in training.
    """
    game = find_trap(trap)()
    names, isolable = list(game.objectives), game.find_isolable()
    base, proxy = round(b * levels), round(p * levels)
    shift = "0" * base + "1" * proxy + "-" * (levels - base - proxy)
    ghosts = [x for x in game.alone if game.judging.places and {*isolable} - {x}]
    alone = {x: str(names.index(x)) * levels for x in isolable}
    ghostless = [x for x in names if x not in ghosts]
    twins = shift if has_twins(game) else None
    evidence = choose(names, shift, shift, twins, alone, ghostless, arrived=able)
    return assemble(evidence, trap, policy)


def reference_cards(trap, levels=20):
    """Return cards of all reference policies of a trap."""
    cls = find_trap(trap)
    shares = {cls.base: (1.0, 0.0), cls.proxies[0]: (0.0, 1.0), "nearest": (0.5, 0.5)}
    cards = []
    for name in references(cls):
        b, p = shares.get(name.rpartition(":")[2], (0.25, 0.25))
        able = name not in ("random", "stay", "sweeper")
        cards.append(card(trap, name, b, p, able=able, levels=levels))
    return cards


BOTH = (CORNER, DOORS)

DATE = "2026-11-26"
YOURS = f"ppo ({DATE})"


def make_board(traps=BOTH):
    """Make a board of four agents, one of which has no cards on a trap, and of references."""
    names = {"ppo": (0.05, 0.9), YOURS: (1.0, 0.0), EVIL: (0.9, 0.1), WORSE: (0.5, 0.5)}
    pairs = [(name, trap) for name in names for trap in traps if (name, trap) != (WORSE, DOORS)]
    cards = [sign(card(trap, f"{name}-s{seed}", *names[name]), f"{name}{seed}")
             for name, trap in pairs for seed in range(2)]  # fmt: skip
    cards += [x for trap in traps for x in reference_cards(trap)]
    origins = {
        "ppo": Origin("us", "2026-01-02", "", "https://example.org/ppo", "ours", "python -m again"),
        EVIL: Origin(EVIL, "2026-01-03", link="https://example.org/?<b>"),
    }
    return make_leaderboard(cards, traps, origins, [YOURS], DATE)
