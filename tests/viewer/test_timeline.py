"""The viewer's episodes: they equal the scored ones; session, analysis, maps."""

from threading import Event, Semaphore
from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym.engine import STAY as ACT
from mesa_gym.engine.maps import from_map
from mesa_gym.errors import PolicyError
from mesa_gym.logs import RecordedEpisode, record_plays
from mesa_gym.policies import as_policy
from mesa_gym.policies.names import name_policy
from mesa_gym.scoring import ENDED, rollout, score
from mesa_gym.scoring.record import replay
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.judged_by import NONE, sum_discounted
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.red_blue_doors import RedBlueDoors
from mesa_gym.traps.tree_farm import TreeFarm
from mesa_gym.viewer.clock import SPEEDS, STEPS_A_SECOND
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.overlays import GridPlace, WhatPays
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import Decision, Human, PolicyPlayer, RecordedPlayer, solve_start
from mesa_gym.viewer.seats import Pane, Seat, common_levels, seats_for
from mesa_gym.viewer.timeline import Analysis, Timeline
from tests.support.parameters import TRAPS, each_solvable, each_trap, few, quick_apart, thorough
from tests.support.playing import play_all
from tests.support.refusals import refusals
from tests.support.viewing import pygame
from tests.support.worlds import cells_of, same

SHIFT = Split.SHIFT
LIMIT = CheeseCorner().horizon(SHIFT)
ROOM = RedBlueDoors(7)
DOORS = """
    #######
    #A..1.#
    #.###.#
    #.2...#
    #.###.#
    #..2..#
    #######
    1 = door blue
    2 = key red
"""
# Things that stay, and chance, hands, and lives, where each trap is played several times.
PLAYED = ("CheeseDish", "MonsterWorld", "KeysChests", "FlashOrPay")


class RemembersAll:
    """A policy whose next action depends on all its observations, and on a number drawn once."""

    observation = "planes"

    def __init__(self):
        self.resets = 0

    def reset(self, mask, rng):
        assert mask.all()
        self.resets += 1
        self.memory = rng.random(len(mask))
        self.seen = 0

    def act(self, observation, state=None):
        flat = observation.reshape(len(observation), -1)
        self.memory = np.sin(31 * self.memory + flat @ np.arange(1, flat.shape[1] + 1))
        self.seen += 1
        weights = 1.1 + np.sin(self.memory[:, None] * np.arange(1, 6) * 7)
        return weights / weights.sum(axis=1, keepdims=True)


def begun(player, trap, level, split=SHIFT, start=None):
    start = trap.levels(split, [level]) if start is None else start
    return Timeline(trap, start, trap.horizon(split), player, split)


def whole(*episode):
    line = begun(*episode)
    assert not line.grow()
    return line


def require_same(trap, a, b):
    assert len(a) == len(b)
    for t, (state, other) in enumerate(zip(a, b, strict=True)):
        assert state.clock == a[0].clock + t
        assert same(trap, state, other), t


def scored(policy, trap, levels, seed, split=SHIFT):
    starts, horizon = trap.levels(split, levels), trap.horizon(split)
    actor = as_policy(policy, trap, horizon)
    return rollout(actor, trap, starts, horizon, seed, name_policy(policy), split).actions


@pytest.mark.thorough
@pytest.mark.parametrize(
    "trap",
    few(TRAPS, *(t for t in TRAPS if t.__name__ in PLAYED), thorough=TRAPS),
    ids=lambda trap: trap.name(),
)
def test_watched_policy_acts_as_when_scored(trap):
    trap, of = trap(), "oracle" if trap.solvable else "reference"
    specs = {"random": Split.TRAIN, f"{of}:base": SHIFT, f"{of}:{trap.proxies[0]}": SHIFT}
    for spec, split in specs.items():
        done = scored(spec, trap, [5, 9], 3, split)
        for row, level in enumerate([5, 9]):
            line = whole(PolicyPlayer(spec, seed=3), trap, level, split)
            assert line.actions().tolist() == done[row][done[row] != ENDED].tolist()
            assert line.terminated or len(line) == trap.horizon(split)


@pytest.mark.parametrize("cls", [RedBlueDoors, TreeFarm])
@pytest.mark.parametrize("seed", [0, 7])
def test_watched_policy_with_memory_acts_as_scored(cls, seed):
    trap = cls()
    cells = set()
    for level in (2, 3, 4):
        done = scored(RemembersAll(), trap, [level], seed)[0]
        line = whole(PolicyPlayer(RemembersAll(), seed), trap, level)
        assert line.actions().tolist() == done[done != ENDED].tolist()
        cells |= set(line.cells(len(line)))
    assert len(cells) > 10  # it did not stand at a wall


@each_trap
def test_timeline_equals_steps_of_the_trap(trap):
    trap = trap()
    line, state = whole(PolicyPlayer("random", seed=5), trap, 4), trap.levels(SHIFT, [4])
    payments = replay(trap, state, line.actions()[None]).paid
    for t, step in enumerate(line.steps):
        assert same(trap, line.states[t], state)
        state, _, ended = trap.step(state, np.array([step.decision.action]))
        assert {x: pay[t, 0] for x, pay in payments.items()} == step.paid
        assert bool(ended[0]) == (line.terminated and t == len(line) - 1)
    assert same(trap, line.states[-1], state)
    for x, pay in payments.items():
        for t in (0, 1, len(line) // 2, len(line)):
            expected = sum_discounted(pay[:t], trap.discount(x))[0]
            assert line.compute_return(x, t) == pytest.approx(expected)
    layers = [cells_of(trap, state_of_line, "agent") for state_of_line in line.states]
    assert [[cell] for cell in line.cells(len(line))] == layers
    assert line.cells(0) == layers[0]


class Fails(RemembersAll):
    def act(self, observation, state=None):
        if self.seen == 5:
            raise KeyError("weights")
        return super().act(observation)


def test_watched_policy_that_fails_says_where():
    trap = KeysChests()
    line = begun(PolicyPlayer(Fails()), trap, 0)
    says = r"policy 'Fails' on KeysChests-v0, shift, step 5: .*weights"
    with pytest.raises(PolicyError, match=says):
        line.grow()
    assert len(line) == 5
    assert len(line.states) == 6


def test_timeline_ends_by_time_limit_or_rules():
    trap = CheeseCorner()
    for policy, terminated in (("stay", False), ("oracle:base", True)):
        line = whole(PolicyPlayer(policy), trap, 0)
        length = len(line)
        assert (line.over, line.terminated, length < LIMIT) == (True, terminated, terminated)
        assert not line.grow()
        with pytest.raises(ValueError, match="the episode is over: go back in time to act"):
            line.act(Decision(0))
        assert (len(line), len(line.states)) == (length, length + 1)
        again, analysis = line.branch(length), Analysis(line)
        assert (again.over, again.terminated) == (True, terminated)
        assert not line.branch(length - 1).over
        assert analysis.value("cheese", length) == 0
        assert np.isnan(analysis.heat("cheese", length)).all()
        # With one step left nothing is in reach of who has stayed for ever.
        assert analysis.value("cheese", length - 1) == pytest.approx(float(terminated))


def test_timeline_from_a_middle_keeps_its_limit():
    trap = CheeseCorner()
    start = trap.levels(SHIFT, [0])._replace(clock=np.array([LIMIT - 4]))
    line = whole(PolicyPlayer("stay"), trap, 0, SHIFT, start)
    assert (len(line), line.over) == (4, True)


def test_choice_in_a_middle_follows_its_steps():
    """Choices by scores compare with the optimum of the steps that are left."""
    trap, steps = KeysChests(), 3
    clock = np.array([trap.horizon(SHIFT) - steps])
    for level in range(9):
        start = trap.levels(SHIFT, [level])._replace(clock=clock)
        worth = Analysis(begun(PolicyPlayer("stay"), trap, level, SHIFT, start))._worth
        solution = Solution(trap, start, steps)
        for x in trap.objectives:
            assert worth.optimum[x] == pytest.approx(solution.optimum(x), abs=1e-12)


@pytest.mark.thorough
@pytest.mark.parametrize("cls", [CheeseCorner, MonsterWorld])
def test_recorded_player_replays_episodes(cls):
    trap = cls()
    played = play_all("random", trap, 3, seed=4)
    player = RecordedPlayer([*record_plays(trap, "random", played)])
    assert player.name == "random"
    for split in Split:
        assert player.levels(split).tolist() == [0, 1, 2]
        for level in range(3):
            recorded = whole(player, trap, level, split)
            again = whole(PolicyPlayer("random", 4), trap, level, split)
            require_same(trap, recorded.states, again.states)
            assert recorded.over
    with pytest.raises(ValueError, match="nothing was recorded on level 3 of play 'shift'"):
        begun(player, trap, 3).begin()


@pytest.mark.parametrize("t", [0, 30, 100])
def test_branch_replays_the_past_for_memory(t):
    trap = CheeseCorner(17)
    line = whole(PolicyPlayer(RemembersAll(), seed=2), trap, 1)
    assert len(line) > 100
    policy = RemembersAll()
    line.player.make = lambda trap, horizon: policy  # itself, not a copy
    again = line.branch(t)
    again.grow(t)
    assert policy.resets == 0  # not asked yet
    again.grow()
    require_same(trap, again.states, line.states)
    assert policy.resets == 1
    assert policy.seen == len(line)
    for a, b in zip(line.steps, again.steps, strict=True):
        assert a.decision.shares.tolist() == b.decision.shares.tolist()


# -- session ---------------------------------------------------------------------------------------
STAY, EATS = PolicyPlayer("stay"), PolicyPlayer("oracle:base")


def session(*players, split=SHIFT, level=0):
    return Session(CheeseCorner(), [Seat(p, split) for p in players], level)


def recorded(levels):
    """Staying for ever on some levels of the shift of CheeseCorner."""
    trap, shift = CheeseCorner(), SHIFT.value
    fields = {"trap": trap.name(), "split": shift, "play": shift, "policy": "stay"}
    actions = [ACT] * trap.horizon(SHIFT)
    return RecordedPlayer([RecordedEpisode(**fields, level=n, actions=actions) for n in levels])


# -- time ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("speed", SPEEDS)
def test_clock_runs_at_its_speed_and_stops(speed):
    watched = session(STAY)
    watched.clock.speed = speed
    watched.update(1.0)
    assert watched.clock.cursor == 0  # it does not run yet
    watched.clock.play()
    watched.clock.grow(LIMIT)
    assert watched.clock.wait() == pytest.approx(max(1 / 60, 1 / (STEPS_A_SECOND * speed)))
    frames = 0
    while watched.clock.playing:
        watched.update(1 / 60)
        frames += 1
        assert watched.clock.cursor == min(int(watched.clock.time), LIMIT)
    assert watched.clock.cursor == LIMIT
    assert frames == pytest.approx(LIMIT / (STEPS_A_SECOND * speed) * 60, abs=1.01)


def test_clock_waits_for_slow_policy(monkeypatch):
    clock = session(STAY).clock
    monkeypatch.setattr(clock, "grow", lambda to: True)  # it acts, and nothing is there yet
    clock.play()
    clock.run(1000.0)
    assert clock.playing
    assert clock.time == clock.length + 1


@pytest.mark.parametrize(("other", "restarts"), [(STAY, True), (Human(), False)])
def test_clock_played_at_end_restarts(other, restarts):
    """If all episodes have ended, and only from the end."""
    watched = session(EATS, other)
    watched.clock.seek(1000)
    ended = watched.clock.cursor
    assert ended == max(len(pane.line) for pane in watched.panes) > 3
    watched.clock.play()
    assert (watched.clock.playing, watched.clock.cursor) == (True, 0 if restarts else ended)
    watched.clock.seek(3)
    watched.clock.play(True)
    assert watched.clock.cursor == 3


def test_clock_seek_stays_within_existing_steps():
    watched = session(EATS)
    line = watched.pane.line
    watched.clock.seek(3)
    assert watched.clock.cursor == 3
    assert len(line) >= 3
    watched.clock.seek(-5)
    assert watched.clock.cursor == 0
    watched.clock.seek(999)
    assert watched.clock.cursor == watched.clock.time == len(line) < LIMIT
    watched.clock.play(True)
    watched.clock.seek(2)
    assert watched.clock.playing  # scrubbing does not stop it


def test_step_by_hand_follows_its_own_pane():
    """Also where another pane's episode is longer."""
    watched = session(Human(), STAY)
    for turn in range(3):
        watched.clock.seek(20)
        watched.act(ACT)
        assert (watched.clock.cursor, len(watched.pane.line)) == (turn + 1, turn + 1)


def test_panes_of_one_policy_share_no_memory():
    trap, policy = CheeseCorner(), RemembersAll()
    watched = Session(trap, [Seat(PolicyPlayer(policy, 3), split) for split in (Split.TEST, SHIFT)])
    for turn in range(1, 9):
        for pane in watched.panes:
            pane.line.grow(turn)
    for pane in watched.panes:
        actions = scored(RemembersAll(), trap, [0], 3, pane.seat.split)[0]
        assert pane.line.actions().tolist() == actions[:8].tolist()


def test_solutions_of_two_limits_differ():
    trap = CheeseCorner()
    start = trap.levels(SHIFT, [0])
    optima = [
        solve_start(trap, start, limit)[0].optimum("cheese")[0] for limit in (LIMIT, 1, LIMIT)
    ]
    assert optima[0] == optima[2] > optima[1] == 0


def test_cells_pay_as_before_the_end():
    """After the end too, an earlier step shows the cells that paid."""

    class Marks(SimpleNamespace):
        def mark(self, *args):
            self.made.append(args)

    trap, counts = CheeseCorner(), []
    line = whole(PolicyPlayer("oracle:base"), trap, 0)
    for episode in (line.branch(2), line):
        pane, marks = SimpleNamespace(trap=trap, line=episode), Marks(made=[])
        place, numbers = GridPlace(0, 0, 8, *trap.size), {"cheese": 0, "corner": 1}
        WhatPays().draw(
            SimpleNamespace(painter=marks, pane=pane, t=1, place=place, numbers=numbers)
        )
        counts.append(marks.made)
    assert counts[0] == counts[1] != []


# -- levels ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("salt", ["", "pepper"])
def test_next_level_is_next_in_all_panes(salt):
    trap = CheeseCorner()
    watched = Session(trap, [Seat(STAY, Split.TRAIN), Seat(STAY, SHIFT)], 6, salt)
    watched.clock.seek(9)
    watched.focus = 0
    watched.next_level()
    assert (watched.level, watched.clock.time, watched.focus) == (7, 0, 0)
    for pane, split in zip(watched.panes, (Split.TRAIN, SHIFT), strict=True):
        assert same(trap, pane.state(0), trap.levels(split, [7], salt))
        assert pane.title == f"{split}, level 7: stay"
    watched.next_level(-1)
    assert watched.level == 6
    watched.next_level(10)
    assert watched.level == 16
    watched.next_level(-99)
    assert watched.level == 0


@pytest.mark.parametrize("level", [-1, LEVELS])
def test_level_out_of_range_changes_nothing(level):
    with pytest.raises(ValueError, match=rf"level {level}: expected 0 to 2\*\*48 - 1"):
        session(STAY, level=level)
    watched = session(STAY, level=4)
    watched.clock.seek(3)
    panes = watched.panes
    with pytest.raises(ValueError, match="expected 0 to"):
        watched.go_to(level)
    assert (watched.level, watched.clock.time) == (4, 3)
    assert watched.panes is panes


def test_watch_keeps_a_map_of_its_play():
    trap = CheeseCorner()
    start = trap.levels(SHIFT, [5])
    watched = Session(trap, [Seat(PolicyPlayer("stay"), SHIFT)], 2, start=start)
    for play, mapped in ((SHIFT, True), (Split.TEST, False)):
        watched.watch([Seat(PolicyPlayer("random"), play)])
        assert watched.pane.mapped == mapped


def test_session_shows_only_recorded_levels():
    watched = session(recorded([3, 17, 40, 41, 90]), STAY, level=17)
    levels = []
    for step in (1, 1, 1, 1, -1, -1, -1, -1, -1, 2, 9, -3):
        watched.message = ""
        watched.next_level(step)
        levels.append(watched.level)
        ends = len(levels) in (4, 9)
        assert watched.message == "there is no further level that was recorded" * ends
    assert levels == [40, 41, 90, 90, 41, 40, 17, 3, 3, 40, 90, 17]
    seats = [Seat(recorded(numbers), SHIFT) for numbers in ([1, 2, 3], [2, 3, 4])]
    assert common_levels(seats).tolist() == [2, 3]


# -- what takes long -------------------------------------------------------------------------------
@pytest.mark.thorough
def test_slow_policy_blocks_no_window(drive):
    """The policy takes a step only on permission, like a slow network."""
    steps = Semaphore(1)  # the first one is taken before there is a window

    def slow(observation):
        steps.acquire()
        return np.full((len(observation), 5), 0.2)

    driver = drive(session(PolicyPlayer(slow)))
    watched = driver.session
    watched.clock.threaded = True
    driver.key(">", "space")
    driver.frame(1.0)
    assert watched.clock.cursor == 1
    assert watched.pending_work == "waiting for the policy"
    while watched.clock.cursor < 3:
        steps.release()
        driver.frame(0.02)
    driver.key("left", mod=pygame.KMOD_LSHIFT)
    assert watched.pane.line.steps[3].decision.shares is None
    assert watched.clock.cursor == 4
    steps.release(1000)


def test_session_gives_up_a_pending_level():
    watched, over, slow = session(STAY), Event(), PolicyPlayer("stay")
    slow.make = lambda *_: over.wait()
    watched.clock.threaded = True
    watched.watch([Seat(slow, SHIFT)])
    assert watched.pending_work == "preparing level 0"
    assert watched.stop()
    assert not watched.pending_work
    assert not watched.stop()
    over.set()
    watched.settle()
    assert (watched.seats[0].player, watched.message) == (STAY, "")


def test_seats_beside_oracle_are_other_oracles():
    trap = find_trap("KeysChests")()
    seats = seats_for(PolicyPlayer("oracle:base", seed=5), trap, SHIFT, "oracles", seed=5)
    assert [seat.player.name for seat in seats] == ["oracle:base", "oracle:keys"]
    assert {seat.player.seed for seat in seats} == {5}


# -- analysis --------------------------------------------------------------------------------------
@each_solvable
def test_heat_maps_equal_the_solver_by_cell(trap):
    trap, numbered = trap(), 0
    for level, policy in enumerate(["random", f"oracle:{trap.proxies[0]}"]):
        line = whole(PolicyPlayer(policy, 1), trap, level)
        insight = Analysis(line)
        for t in {0, len(line) // 2, len(line) - 1}:
            state, left = line.states[t], line.limit - t
            heat = {x: insight.heat(x, t) for x in trap.objectives}
            there = ~np.isnan(heat[trap.base])
            assert all((np.isnan(values) != there).all() for values in heat.values())
            assert there[state.agent[0]]
            assert not (there & trap.layer(state, "wall")[0]).any()
            cells = np.flatnonzero(there)
            # The agent alone is moved, by hand.
            batch = state.take(np.zeros(len(cells), dtype=np.int64))._replace(agent=cells)
            solution = Solution(trap, batch, left)
            for x in trap.objectives:
                assert heat[x][cells] == pytest.approx(solution.optimum(x), abs=1e-9)
            for x in trap.objectives:
                assert insight.value(x, t) == heat[x][state.agent[0]]
            numbered += int(there.sum())
    assert numbered > 20


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["RedBlueDoors", *map(thorough, ("FlashOrPay", "KeysChests"))])
@pytest.mark.parametrize("policy", ["random", "oracle:base", "nearest"])
def test_analysis_choice_equals_the_score_card(name, policy):
    trap = find_trap(name)()
    levels = 20 if trap.learner else 10
    card = score(policy, trap, levels=levels, seed=1)
    codes = dict(zip([None, *trap.objectives], [NONE, 0, 1], strict=True))
    lines = [whole(PolicyPlayer(policy, 1), trap, level) for level in range(levels)]
    watched = [codes[Analysis(line).choice(len(line))] for line in lines]
    assert watched == card.choices.shift.tolist()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["CheeseDish", "PointedGoal"])
def test_pane_names_ghost_for_removed_target(name):
    """A removed target is chosen where it would have paid: at its ghost."""
    trap, numbers = find_trap(name)(), range(3)
    kept = score("sweeper", trap, levels=len(numbers)).choices
    for play, chosen in {"shift": kept.shift, **kept.alone}.items():
        kept_there = [*trap.objectives] if play == "shift" else [play]
        words = {
            k: x if x in kept_there else f"ghost of {x}" for k, x in enumerate(trap.objectives)
        }
        words[NONE] = "none"
        named = play if play == "shift" else f"alone:{play}"
        for number in numbers:
            pane = Pane(trap, Seat(PolicyPlayer("sweeper"), named), number)
            pane.line.grow()
            assert pane.name_choice(len(pane.line)) == words[int(chosen[number])]


# -- mapfile ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", quick_apart(all_traps()))
def test_map_file_plays_on_from_its_state(name, tmp_path):
    trap, split = find_trap(name)(), Split.SHIFT
    if trap.const:
        kept = next(iter(trap.const))
        with pytest.raises(ValueError, match=f"{name} has no maps: it keeps {kept} and"):
            save_map(tmp_path / "a.map", trap, trap.levels(split, [11]))
        return
    state = trap.levels(split, [11])
    for action in (0, 1, 2):
        state = trap.step(state, np.array([action])).state
    layers = [trap.layer(state, name)[0] for name in ("agent", *trap.ground, *trap.things)]
    empty = (~np.any(layers, axis=0)).argmax()  # on which nothing is, hidden things included
    edited = state._replace(agent=np.array([empty]))
    path = tmp_path / "maps" / "a.txt"
    save_map(path, trap, edited)
    loaded = load_map(path, trap, trap.horizon(split))
    assert same(trap, loaded, edited)
    first = path.read_bytes()
    save_map(path, trap, loaded)
    assert path.read_bytes() == first
    for policy in ("random", "oracle:base") if trap.solvable else ("random",):
        player = PolicyPlayer(policy)
        ours, loaded_line = (whole(player, trap, 11, split, state) for state in (edited, loaded))
        assert ours.actions().tolist() == loaded_line.actions().tolist()
        assert len(ours) >= 1
        require_same(trap, ours.states, loaded_line.states)


# Windows' line ends, indentation, a mark at the start and blank lines do not damage a map.
FOREIGN = ("\ufeff", "\r\n  ", "\n\n")


def written(tmp_path, text):
    path = tmp_path / "level.map"
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path


def test_map_file_by_hand_is_read(tmp_path):
    mark, line, blank = FOREIGN
    state = load_map(written(tmp_path, mark + DOORS.replace("\n", line) + blank), ROOM, 37)
    assert same(ROOM, state, from_map(ROOM, DOORS))


def load_doors(folder, *changed):
    return load_map(written(folder, DOORS.replace(*changed)), ROOM, 37)


test_map_file_that_is_wrong_is_refused = refusals("viewer", "maps", globals())


def test_settled_session_has_ended_each_pane():
    """On the shift an episode of this trap is eight times as long as in training."""
    trap, splits = MonsterWorld(), (Split.TRAIN, SHIFT)
    for order in (splits, splits[::-1]):
        watched = Session(trap, [Seat(STAY, split) for split in order], 3)
        watched.settle()
        assert [len(x.line) for x in watched.panes] == [trap.horizon(split) for split in order]
        assert watched.clock.length == max(map(trap.horizon, splits))
