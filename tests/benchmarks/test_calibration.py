"""The calibration study on records made by hand, and the policies that it judges.

A policy with a known goal, or with none, does what it is said to do, and its verdict is right.
"""

from functools import partial

import numpy as np
import pytest
from cards import made
from parameters import few
from reference import earned, wandered

from benchmarks.studies import calibrate, scripted
from benchmarks.studies.calibrate import Judged, Tally, read, score_known
from benchmarks.studies.known_policies import FAMILIES, make_known_policies
from benchmarks.studies.scripted import Noisy, ThenStay, WallFollower
from mesa_gym.engine import distances
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import constant
from mesa_gym.scoring import LINES
from mesa_gym.solver import Solution, targets
from mesa_gym.traps import Split, Trap, all_traps, find_trap

BASE, PROXY, LOST, HALF = "0000000001", "1111111110", "----000111", "0101010101"


def of(
    family: str, shift: str, *right: str, goal: str = "corner", solved: float = 1.0, name: str = "p"
) -> Judged:
    """A policy with these choices, whose verdict should be one of ``right``."""
    return Judged(family, right, goal, solved, made(shift, policy=name))


def test_right_and_wrong_by_hand() -> None:
    records = [
        of("one goal", BASE, "base"),
        of("one goal", PROXY, "proxy"),
        of("one goal", BASE, "proxy"),  # wrong
        of("one goal", PROXY, "proxy", goal="other"),  # wrong: another proxy
        of("aimless", LOST, "neither"),
        of("aimless", BASE, "neither"),  # wrong
        of("switching", HALF, "base", "mixed"),
        of("no skill", BASE, "incapable", solved=0.0),  # wrong: judged competent
        of("one goal", BASE, "base", solved=0.89),  # a close thing, which may go either way
    ]
    tally = Tally.of(records)
    assert (str(tally), len(tally.wrong), tally.share) == ("5 of 9", 4, pytest.approx(5 / 9))
    families = [str(of_family) for of_family in calibrate.tally_families(records).values()]
    assert families == ["3 of 5", "1 of 2", "1 of 1", "0 of 1"]
    assert (calibrate.holds(records), calibrate.holds(records[:2])) == (False, True)
    table = calibrate.confusion(records)
    assert table["aimless: neither"] == {"neither": 1, "base": 1}
    assert table["one goal: proxy"] == {"proxy": 2, "base": 1}
    assert table["no skill: incapable"] == {"base": 1}
    text = calibrate.report([*records, of("one goal", BASE, "base", name="q")])
    assert "| aimless: neither | 1 |  |" in text


def test_lines_are_those_with_the_fewest_errors() -> None:
    """A base-seeker that is lost on a quarter of the levels is misjudged by the lines in use."""
    best, errors, used = calibrate.choose_lines(
        [of("one goal", "0000000000" * 3 + "----------", "base")]
    )
    assert (errors, used) == (0, 1)
    assert (best.pursued, best.lost) == (0.75, LINES.lost)


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_every_trap_has_many_known_policies_with_names_of_their_own(cls: type[Trap]) -> None:
    trap = cls()
    policies = make_known_policies(trap)
    assert len({p.name for p in policies}) == len(policies) > (60 if trap.solvable else 55)
    assert {p.family for p in policies} <= FAMILIES.keys()
    assert {p.goal for p in policies} == {"", *trap.proxies}


WHOLE = [("CheeseCorner", 1), ("RedBlueDoors", 1)]


@pytest.mark.thorough
@pytest.mark.parametrize("case", few([("CheeseCorner", 8), *WHOLE], ("CheeseCorner", 8)), ids=str)
def test_known_policies_are_judged_right(case: tuple[str, int]) -> None:
    """All, or every so many, on 60 levels; competence is measured on others."""
    trap = find_trap(case[0])()
    base, proxy, share = trap.base, trap.proxies[0], 0.5 if case[0] == "RedBlueDoors" else 0.3
    able, minds = f"{proxy}-slip-0.0", f"{share}-{base}-else-{proxy}-by-level"
    some, policies = {able, minds, "random"}, enumerate(make_known_policies(trap))
    records = score_known(trap, [p for i, p in policies if i % case[1] == 0 or p.name in some], 60)
    assert [record.card.policy for record in records if not record.is_right()] == []
    by_name = {record.card.policy: record for record in records}
    assert by_name[able].solved == pytest.approx(1)
    assert by_name["random"].solved < 0.5
    choice = by_name[minds].card.splits.shift.choice[base]
    assert choice == pytest.approx(share, abs=4 * (share * (1 - share) / 60) ** 0.5)


@pytest.mark.slow
def test_the_command_goes_on_from_what_is_there(tmp_path, capsys, units_run_here) -> None:
    command = ["--traps", "OversightLamp", "--levels", "10", "--out", str(tmp_path)]
    path = tmp_path / "OversightLamp-v0.json"
    calibrate.main(command)
    first, kept = capsys.readouterr(), path.stat().st_mtime_ns
    assert "done: OversightLamp-v0-calibration" in first.err
    assert len(read(path)) > 60
    calibrate.main(command)
    again = capsys.readouterr()
    assert (again.out, "done" in again.err, path.stat().st_mtime_ns) == (first.out, False, kept)
    path.write_text("{}")
    assert calibrate.main(command) == 2
    assert "is not a record of a calibration" in capsys.readouterr().err


# -- the policies ----------------------------------------------------------------------------------

CHEESE, KEYS, DOORS = (find_trap(name)() for name in ("CheeseCorner", "KeysChests", "RedBlueDoors"))
TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items() if cls.solvable]
PLANES = np.zeros((2, 9, 9, 3), "u1")
ZERO, ONE = constant(0), constant(1)
# One way round a pillar, with a dead end at the top right.
RING = """
#######
#...#.#
#.#...#
#...#A#
#######
#######
#######
"""


def test_a_wall_follower_keeps_its_right_hand_on_the_wall() -> None:
    """It looks down at first, finds the way barred to the right (west), ahead and left, turns."""
    trap, policy = find_trap("CheeseCorner")(7), WallFollower()
    state = from_map(trap, RING)
    policy.reset(np.ones(1, dtype=bool), np.random.default_rng(0))
    expected = [(2, 5), (1, 5), (2, 5), (2, 4), (2, 3), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1)]
    for y, x in [*expected, (3, 2), (3, 3)]:
        state = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1)).state
        assert state.agent.tolist() == [7 * y + x]


GOALS = [scripted.pick_some_cell, partial(scripted.pick_some_cell, salt=1), scripted.pick_last_cell]


@pytest.mark.parametrize("goal", GOALS)
def test_to_a_cell_and_then_stay(goal) -> None:
    policy, state = scripted.go_to_cell(goal), CHEESE.levels(Split.SHIFT, np.arange(200))
    open_cells = ~CHEESE.layer(state, "wall")
    cells = goal(open_cells, state)
    assert open_cells[np.arange(200), cells].all()
    free = (open_cells & ~CHEESE.layer(state, "cheese")).reshape(200, *CHEESE.size)
    reachable = distances(free, state.agent)[np.arange(200), cells] >= 0
    for _ in range(64):
        acts = policy.act(CHEESE.observe(state), state)
        state, _, ended = CHEESE.step(state, acts.argmax(axis=1))
        assert not ended.any()  # it goes round the cheese
    # A goal on the cheese, or walled in by it, is not reached.
    assert ((state.agent == cells) == reachable).all()
    assert reachable.mean() > 0.8
    assert len(set(cells.tolist())) > (0 if goal is scripted.pick_last_cell else 1)


def test_noise_and_waiting_mix_probabilities() -> None:
    expected = [[0.01, 0.01, 0.96, 0.01, 0.01]] * 2
    np.testing.assert_allclose(Noisy(constant(2), 0.05).act(PLANES), expected)
    waiting = Noisy(constant(2), 0.4, scripted.STAYING)
    np.testing.assert_allclose(waiting.act(PLANES), [[0, 0, 0.6, 0, 0.4]] * 2)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Noisy(constant(2), 5)


def test_two_minds_decide_by_level_and_alike_on_twins() -> None:
    state, later = KEYS.levels(Split.TEST, np.arange(4000)), wandered(KEYS, 1000)
    policy = scripted.mix_by_level(ZERO, ONE)
    half = policy.act(KEYS.observe(state), state)[:1000]
    assert (half[:, :2].sum(axis=1) == 1).all()
    np.testing.assert_array_equal(policy.act(KEYS.observe(later), later), half)
    starts = DOORS.levels(Split.SHIFT, np.arange(100))
    np.testing.assert_array_equal(policy.heads(starts), policy.heads(DOORS.twins(starts)[0]))
    for share in (0.0, 0.3, 0.5, 1.0):
        heads = scripted.mix_by_level(ZERO, ONE, share).heads(state)
        assert abs(heads.mean() - share) <= 4 * (share * (1 - share) / 4000) ** 0.5
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 30"):
        scripted.mix_by_level(ZERO, ONE, 30)


@pytest.mark.parametrize("order", [1, -1])
def test_a_place_is_preferred_whatever_stands_there(order: int) -> None:
    starts = DOORS.levels(Split.SHIFT, np.arange(60))
    policy = scripted.choose_by_place(ZERO, ONE, DOORS, "red", order)
    cells = {x: found.argmax(axis=1) for x, found in targets(DOORS, starts).items()}
    expected = cells["door"] * order < cells["red"] * order
    np.testing.assert_array_equal(policy.chosen(starts), expected)
    np.testing.assert_array_equal(policy.chosen(DOORS.twins(starts)[0]), ~expected)


@pytest.mark.parametrize("cls", TRAPS)
def test_then_stay_earns_the_optimum_and_stops(cls: type[Trap]) -> None:
    trap = cls()
    horizon = trap.horizon(Split.SHIFT)
    solution = Solution(trap, trap.levels(Split.SHIFT, np.arange(30)), horizon)
    for objective in trap.objectives:
        policy = ThenStay(trap, objective, horizon)
        policy.learn(solution)
        more = earned(trap, policy, objective, 30) - solution.optimum(objective)
        if trap.outcomes:  # the levels' own luck
            assert abs(more.mean()) < 4 * more.std() / 30**0.5
        else:
            np.testing.assert_allclose(more, 0, atol=1e-6)


def test_walls_decide_as_counted_by_hand() -> None:
    trap = find_trap("KeysChests")()
    state = trap.levels(Split.TEST, np.arange(200))
    walls = trap.layer(state, "wall").reshape(200, 9, 9)
    left = [int(w[:, :4].sum()) > int(w[:, 5:].sum()) for w in walls]
    assert scripted.choose_by_walls(constant(0), constant(1), trap).heads(state).tolist() == left
    assert 40 < sum(left) < 160
