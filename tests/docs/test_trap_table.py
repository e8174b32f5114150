"""The table of all traps says what classes declare, and what cards say of PPO."""

import re
from pathlib import Path

from boards import MONSTERS, card

from docs.trap_table import tabulate_traps
from mesa_gym.traps import Trap, find_trap, package_traps

GUIDE = Path(__file__).parents[2] / "docs" / "write_a_trap.md"
COMPUTED = {"objectives", "base", "proxies", "planes", "recoding"}
CHOICE = "Traps with a choice"


def read_table(*given):
    """The rows of a table by their trap."""
    lines = tabulate_traps(*given).splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in lines]
    return {row[0].partition("]")[0].strip("["): row[1:] for row in rows}


def test_the_table_of_traps_says_what_tells_their_objectives_apart():
    of = read_table([*package_traps().values()], [])
    assert of.keys() == {cls.__name__ for cls in package_traps().values()}
    named = ["`shape`", "`colour`, `place`", "attribute, place"]
    alone = "`shape`, `colour`, `place`"
    assert of["Attributes"] == [*named, "yes", alone, "exact", "–", CHOICE]
    named = ["`cheese`", "`corner`", "place", "–"]
    assert of["CheeseCorner"] == [*named, "`corner`", "exact", "–", CHOICE]
    assert of["MonsterWorld"][3:] == ["–", "–", "–", "–", "Traps judged by returns"]
    expecting = [name for name, row in of.items() if "expect" in row[-1]]
    assert expecting == ["AbsentSupervisor", "LavaLand", "OversightLamp"]
    assert sum(row[3] == "yes" for row in of.values()) == 7


def test_the_table_says_how_many_seeds_of_ppo_learn_a_trap():
    corner = [
        card("CheeseCorner-v0", f"ppo-s{s}", 0.5, 0.5, test=x) for s, x in enumerate((1, 0.5))
    ]
    others = [card("CheeseCorner-v0", "bc-s0", 1, 0), card(MONSTERS, "ppo-s0", 0.5, 0, test=0.97)]
    classes = [find_trap(name) for name in ("CheeseCorner", "MonsterWorld", "CoinRun")]
    learnt = [row[-2] for row in read_table(classes, [*corner, *others]).values()]
    assert learnt == ["1 of 2 (arrival 0.50)", "1 of 1 (N 0.97)", "–"]


def test_the_guide_lists_every_attribute_that_a_trap_may_declare():
    declared = {name for cls in Trap.__mro__ for name in vars(cls).get("__annotations__", ())}
    cells = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(), re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`([a-z_]+)(?: = [^`]*)?`", cell)]
    expected = {name for name in declared if not name.startswith("_")} - COMPUTED
    assert sorted(expected) == sorted(set(listed) & declared)
    assert all(listed.count(name) == 1 for name in expected)
