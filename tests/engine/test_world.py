"""Worlds: states, maps as text, moves and paths."""

import numpy as np
import pytest

from mesa_gym.engine import (
    FAR,
    STAY,
    Look,
    Move,
    World,
    distances,
    each_first,
    equidistant,
    off_route,
    toward,
)
from mesa_gym.engine.chance import outputs
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.engine.paths import crowd, tour
from mesa_gym.engine.typed_maps import ROWS, SIGNS
from tests.support.parameters import with_seeds
from tests.support.reference import arrays, assert_same, cells_of, neighbours, steps_from
from tests.support.refusals import refusals
from tests.support.worlds import Zoo, contents, zoo_states


@with_seeds
def test_planes_and_layers_show_every_thing(seed):
    zoo, state = zoo_states(seed)
    assert zoo.planes == ("agent", "wall", "lava", "key", "door", "tree", "red", "guide")
    obs, single = zoo.observe(state), zoo.bound(batched=False)
    assert obs.dtype == np.uint8
    for row in range(4):
        there = set(contents(zoo, state, row))
        for name in (*zoo.ground, *zoo.things, *zoo.traits, "agent", "guide"):
            cells = zoo.layer(state, name)[row].nonzero()[0].tolist()
            assert cells == sorted(cell for pair, cell in there if pair == name), name
        keys, trees = state.held["key"][row], state.held["tree"][row]
        held = [("key", 1), ("key", 2)][:keys] + [("tree", 3)][:trees]
        drawn = {(zoo.shown_as.get(name, name), cell) for name, cell in [*there, *held]}
        y, x, channel = obs[row].nonzero()
        planes = [zoo.planes[i] for i in channel]
        cells = (y * zoo.width + x).tolist()
        assert set(zip(planes, cells, strict=True)) == {pair for pair in drawn if pair[0]}
        np.testing.assert_array_equal(single.observe(state.single(row))[0], obs[row])


@with_seeds
def test_state_rows_are_taken_joined_and_replaced(seed):
    rows = np.random.default_rng(seed).integers(0, 4, seed % 6 + 1).tolist()
    zoo, state = zoo_states(seed)
    parts = [state.take(np.array([row])) for row in rows]
    assert_same(zoo, zoo.joined(parts), state.take(np.array(rows)))
    assert_same(zoo, state.single(rows[0]).batched(), parts[0])
    mask, other = np.arange(4) < 2, state.take(np.array([3, 2, 1, 0]))
    assert_same(zoo, state.replaced(mask, other), state.take(np.array([3, 2, 2, 3])))
    assert state.take(mask).n == 2
    assert state.take(mask).level.tables is state.level.tables
    assert not any(array.flags.writeable for array in arrays(state.read_only()).values())
    assert all(array.flags.writeable for array in arrays(state).values())


def test_looks_that_are_undeclared_get_defaults():
    body = {"things": {"axe": 1, "ash": 1}, "traits": {"old": ("axe",)}, "shown_as": {"ash": "oak"}}
    looks = type("Made", (World,), body).looks
    assert [looks[name].glyph for name in ("axe", "oak", "old", "ash")] == ["a", "o", "l", "s"]
    assert [looks[name].sprite for name in ("axe", "oak", "old")] == ["token", "token", None]
    declared = {"axe": Look("x", (1, 2, 3)), "old": Look("y", (4, 5, 6))}
    looks_too = type("Plain", (World,), {**body, "looks": declared}).looks
    assert looks_too["axe"] == Look("x", (1, 2, 3), "token")  # a thing must be seen
    assert looks_too["old"].sprite is None
    assert looks["axe"].colour != looks["oak"].colour


@pytest.mark.parametrize("mask", [True, np.True_])
def test_single_level_values_keep_numpy_types(mask):
    """With Python numbers the next step would compute `~True`, which is -2."""
    zoo = Zoo((6, 7)).bound(batched=False)
    for chosen in (zoo.where(mask, 12, 0), zoo.where(mask, np.int64(12), 0)):
        assert (type(chosen), chosen) == (np.int64, 12)
        assert zoo.where(chosen > 0, False, True) is np.False_
        assert ~(chosen > 0) is np.False_
    assert zoo.where(True, np.arange(3), 0).tolist() == [0, 1, 2]
    payments = {1.0: mask, 0.5: mask, 0.25: np.False_}
    assert (
        zoo.amounts(payments)
        == Zoo((6, 7)).amounts({x: np.array([y]) for x, y in payments.items()})
        == 1.5
    )
    assert ~(zoo.amounts(np.True_) > 0) is ~(zoo.amounts(payments) > 0) is np.False_


ZOO = Zoo((4, 6))
MAP = """\
######
#.k.2#
#..A.#
######
2 = door red"""
SPACED = " ".join(MAP.partition("\n2")[0]).replace(" \n ", "\n").replace("2", "Dr")


@with_seeds
def test_to_map_and_back_keeps_any_state(seed):
    row = seed % 4
    zoo, state = zoo_states(seed)
    text = to_map(zoo, state, row, hidden=True)
    assert_same(zoo, from_map(zoo, text), state.take(np.array([row])))
    assert to_map(zoo, from_map(zoo, text), hidden=True) == text


def test_map_holds_every_number_of_state():
    text = """\
clock = 3
level = 281474976710655
level.key = -9223372036854775808
held.key = 2
vars.been = true
vars.phase = 4
const.tour = [1, 2, 3, -4, 14]
seed.wind = 9223372036854775807
######
#23.4#
#.5A~#
######
2 = -key:2 red, spot:1
3 = key:0
4 = lava, door:1 red
5 = door:0, tree wet"""
    state = from_map(ZOO, text)
    assert state.at["key"][:, 0].tolist() == [8, 0, 7]
    assert state.there["key"][:, 0].tolist() == [True, False, False]
    assert state.vars["been"].dtype == np.bool_
    assert to_map(ZOO, state, hidden=True) == text
    drawn = """\
held.key = 2
######
#.k.2#
#.3A~#
######
2 = lava, door red
3 = door, tree wet, guide"""
    assert to_map(ZOO, state) == drawn
    with pytest.raises(ValueError, match="'guide' conflicts with the hidden state"):
        from_map(ZOO, drawn)
    assert from_map(ZOO, text.replace("tree wet", "guide, tree wet")).n == 1


def test_from_map_fills_slots_in_reading_order():
    state = from_map(ZOO, MAP.replace("#.k.2#", "#kk3.#") + "\n3 = key:0")
    assert state.at["key"][:, 0].tolist() == [9, 7, 8]


@pytest.mark.parametrize(
    "drawing",
    [
        MAP.replace(".", " "),
        SPACED,
        "\n".join([ROWS, SPACED.replace("k", "."), SIGNS, "So:", ROWS, SPACED, SIGNS, "A = agent"]),
        MAP.splitlines(),
        tuple(list(row) for row in MAP.splitlines()),
        np.array([list(row) for row in MAP.replace("2", "D").splitlines()[:4]]),
    ],
    ids=[
        "blanks as floor",
        "blanks between",
        "last of two texts",
        "rows",
        "rows of characters",
        "array",
    ],
)
def test_from_map_reads_drawings_of_other_forms(drawing):
    red = not isinstance(drawing, np.ndarray)
    assert_same(ZOO, from_map(ZOO, drawing), from_map(ZOO, MAP if red else MAP.replace(" red", "")))


def test_map_in_top_row_holds_things():
    state = from_map(ZOO, MAP.replace("######\n#.k", "##3###\n#.k") + "\n3 = wall, sign")
    assert state.at["sign"].tolist() == [[2]]
    assert state.level.tables["wall"][2]


def test_symbols_stay_clear_of_all_glyphs():
    class DigitGlyphs(World):
        things = {"one": 2, "two": 2}
        looks = {"one": Look("1", (0, 0, 0)), "two": Look("3", (0, 0, 0))}

    crowded = DigitGlyphs((4, 6))
    state = from_map(crowded, "######\n#1..A#\n#..?3#\n######\n? = one, two")
    assert to_map(crowded, state) == "######\n#1..A#\n#..23#\n######\n2 = one, two"


def test_world_where_takes_two_numbers():
    """The array API standard refuses two Python numbers; NumPy and torch do not."""
    strict, zoo = pytest.importorskip("array_api_strict"), Zoo((7, 9))
    other, mask = zoo.bound(strict), [True, False, True]
    for a, b in ((-1, 1), (0.5, 2)):
        result = other.where(strict.asarray(mask), a, b)
        assert np.array_equal(result, zoo.where(np.array(mask), a, b))
    assert other.where(strict.asarray(mask), -1, 1).dtype == strict.int64


# -- move ------------------------------------------------------------------------------------------
LEADS = [(0, -1), (1, 0), (0, 1), (-1, 0), (0, 0)]  # left, down, right, up, act


def moved(seed, n=6):
    """One move of each row; the agents stand beside something, and walls and doors block."""
    zoo, state = zoo_states(seed, n)
    rng = np.random.default_rng(seed)
    action = rng.integers(0, 5, n)
    # Half of the agents are one step from a key, so that a good many meet something.
    neighbour = state.at["key"][0] - zoo.offsets[action]
    near = (rng.random(n) < 0.5) & ~zoo.layer(state, "wall")[np.arange(n), neighbour]
    state = state._replace(agent=np.where(near, neighbour, state.agent))
    move = Move(zoo, state, action)
    move.go(move.on("wall") | move.on("door"))
    return zoo, state, move


@with_seeds
def test_move_queries_equal_a_loop_over_levels(seed):
    zoo, state, move = moved(seed)
    for row in range(6):
        there = set(contents(zoo, state, row))
        y, x = divmod(int(state.agent[row]), zoo.width)
        dy, dx = LEADS[move.action[row]]
        here, target = y * zoo.width + x, (y + dy) * zoo.width + x + dx
        goes = dy + dx != 0 and not {("wall", target), ("door", target)} & there
        assert (move.target[row], move.moved[row]) == (target, goes)
        assert move.agent[row] == (target if goes else here)
        for name in (*zoo.ground, *zoo.things, *zoo.traits):
            assert move.on(name)[row] == ((name, target) in there)
            assert move.into(name)[row] == (goes and (name, target) in there)
            if name not in zoo.ground:
                assert move.off(name)[row] == (goes and (name, here) in there)
                assert move.any(name)[row] != move.none(name)[row]
                assert move.any(name)[row] == any(name == present for present, _ in there)
        assert move.into("key", "lava")[row] == (move.into("key") | move.into("lava"))[row]
        for kind, slots in zoo.things.items():
            stands = [state.there[kind][slot, row] for slot in range(slots)]
            hit = [stands[slot] and state.at[kind][slot, row] == target for slot in range(slots)]
            assert move.hit(kind)[:, row].tolist() == hit
            assert move.count(kind)[row] == sum(stands)
        for least in (1, 2):
            assert move.had("key", least)[row] == move.holds("key", least)[row]
            assert move.had("key", least)[row] == (state.held["key"][row] >= least)
        assert move.was("phase")[row] == state.vars["phase"][row]
        assert move.read("tour", 2)[row] == zoo.table(state.level, "tour")[row, 2]
        seeds_ = zoo.table(state.level, "wind")[row]
        words = np.arange(3) + 3 * state.clock[row]  # three a step, of the stream that it begins
        assert move.bits("wind")[:, row].tolist() == outputs(seeds_, words).tolist()


@with_seeds
def test_move_writers_change_only_the_asked_rows(seed):
    _, state, move = moved(seed, 60)
    frozen = {name: array.copy() for name, array in arrays(state).items()}
    where = np.arange(60) % 2 == 0
    questions = {name: move.into(name).copy() for name in ("key", "tree", "spot")}
    takes = ~where if seed else np.ones(60, np.bool_)
    move.take("key", takes if seed else None)
    move.clear("tree", where)
    move.clear("spot", ~where)
    move.restore("tree", where, at=state.at["tree"][0])
    move.hold("tree", 1, move.into("lava"))
    move.set(been=~move.was("been"), phase=move.was("phase") * 0)
    for row in range(60):
        entered = {name: bool(mask[row]) for name, mask in questions.items()}
        hit = {kind: state.at[kind][:, row] == move.agent[row] for kind in ("key", "tree", "spot")}
        gone = {kind: entered[kind] * hit[kind] for kind in hit}
        back = where[row] & (state.at["tree"][:, row] == state.at["tree"][0, row])
        kept = {kind: state.there[kind][:, row] for kind in hit}
        assert (move.there["key"][:, row] == kept["key"] & ~(gone["key"] & takes[row])).all()
        left = kept["tree"] & ~(gone["tree"] & where[row])
        assert (move.there["tree"][:, row] == left | back).all()
        assert (move.there["spot"][:, row] == kept["spot"] & ~(gone["spot"] & ~where[row])).all()
        # Full hands lose what they take.
        assert move.held["key"][row] == min(
            2, state.held["key"][row] + (entered["key"] and takes[row])
        )
        assert move.held["tree"][row] == state.held["tree"][row] + move.into("lava")[row]
        assert move.vars["been"][row] != state.vars["been"][row]
    assert all((move.into(name) == mask).all() for name, mask in questions.items())
    assert (move.had("key") == (state.held["key"] > 0)).all()
    assert all((array == frozen[name]).all() for name, array in arrays(state).items())


@with_seeds
def test_shift_equals_a_loop_over_things(seed):
    """A wall, a present thing of the kind, and one in a later slot keep a thing where it is."""
    zoo, state, move = moved(seed, 60)
    at, there = state.at["tree"], state.there["tree"]
    steps = np.random.default_rng(seed).choice(zoo.offsets, at.shape)
    to = np.where(there, np.where(np.arange(60) % 2, at + steps, np.roll(at, 1, axis=0)), at)
    move.shift("tree", to)
    walls = zoo.layer(state, "wall")
    for row in range(60):
        taken = {*at[there[:, row], row].tolist(), *np.flatnonzero(walls[row]).tolist()}
        for slot, cell in enumerate(to[:, row].tolist()):
            later = cell in to[slot + 1 :, row][there[slot + 1 :, row]]
            goes = there[slot, row] and cell not in taken and not later
            assert move.at["tree"][slot, row] == (cell if goes else at[slot, row])
    assert (move.at["tree"] != at).any()


@pytest.mark.parametrize("seed", [0, 1, 1036000])  # the last has a row without an empty cell
def test_appear_takes_a_free_slot_and_cell(seed):
    zoo, state, move = moved(seed)
    words = np.random.default_rng(seed).integers(-1 << 63, 1 << 63, 6)
    where = words % 3 > 0
    move.appear("tree", where, words)
    for row in range(6):
        before, now = state.there["tree"][:, row], move.there["tree"][:, row]
        new = (now & ~before).nonzero()[0].tolist()
        occupied = {int(move.agent[row])} | {
            cell for name, cell in contents(zoo, state, row) if name in (*zoo.things, "wall")
        }
        empty = sorted(set(range(zoo.cells)) - occupied)
        assert new == ((~before).nonzero()[0][:1].tolist() if where[row] and empty else [])
        for slot in new:
            rank = (int(words[row]) % (1 << 64) >> 32) * len(empty) >> 32
            assert move.at["tree"][slot, row] == empty[rank]


@with_seeds
def test_torch_writes_as_numpy_does(seed):
    """Also where one writer follows another, in whichever order."""
    torch = pytest.importorskip("torch")
    xp = pytest.importorskip("array_api_compat.torch")
    zoo, state, move = moved(seed)
    tables = {name: torch.as_tensor(table) for name, table in state.level.tables.items()}
    shipped = state.map(torch.as_tensor)
    shipped = shipped._replace(level=shipped.level._replace(tables=tables))
    other = Move(zoo.bound(xp), shipped, torch.as_tensor(move.action))
    other.go(other.on("wall") | other.on("door"))
    rng = np.random.default_rng(seed)
    for turn in range(8):
        words, to = rng.integers(-1 << 63, 1 << 63, 6), state.at["key"][turn % 3]
        where = rng.random(6) < 0.7
        for writer, ship in ((move, np.asarray), (other, torch.as_tensor)):
            writer.appear("tree", ship(where), ship(words))
            if turn % 4 == 1:
                writer.put("door", there=writer.there["door"] & ~ship(where))
            elif turn % 4 == 2:
                writer.carry(ship(to), ship(where))
            elif turn % 4 == 3:
                writer.put("tree", there=writer.there["tree"] & ~ship(where))
        assert (other.agent.numpy() == move.agent).all()
        for kind in zoo.things:
            np.testing.assert_array_equal(other.there[kind].numpy(), move.there[kind])
            np.testing.assert_array_equal(other.at[kind].numpy(), move.at[kind])


def test_redirected_move_queries_its_new_cell():
    zoo, state = zoo_states(0, 50)
    move, other = Move(zoo, state, np.zeros(50, int)), Move(zoo, state, np.full(50, 2))
    before = move.on("wall")
    move.redirect(other.action)
    np.testing.assert_array_equal(move.on("wall"), other.on("wall"))
    assert (before != other.on("wall")).any()


# -- paths -----------------------------------------------------------------------------------------
def caves(seed, n, height, width, marks):
    """Grids with walls strewn inside a closed border, and distinct open cells (marks, n)."""
    rng = np.random.default_rng(seed)
    open_cells = rng.random((n, height, width)) < 0.65
    open_cells[:, [0, -1]] = open_cells[:, :, [0, -1]] = False
    inside = np.arange(height * width).reshape(height, width)[1:-1, 1:-1].ravel()
    cells = np.stack([rng.permutation(inside)[:marks] for _ in range(n)], axis=1)
    open_cells.reshape(n, -1)[np.arange(n), cells] = True
    return open_cells, cells


@pytest.mark.parametrize("size", [(5, 5), (8, 11), (13, 7)])
@with_seeds
def test_distances_are_those_of_breadth_first_search(seed, size):
    open_cells, (start, other) = caves(seed, 5, *size, 2)
    to_start, to_other = distances(open_cells, start), distances(open_cells, other)
    halfway = equidistant(open_cells, start, other)
    for row, cell in enumerate(start.tolist()):
        steps = steps_from(divmod(cell, size[1]), cells_of(open_cells[row]))
        expected = [steps.get(divmod(i, size[1]), -1) for i in range(size[0] * size[1])]
        assert to_start[row].tolist() == expected
        pairs = zip(to_start[row].tolist(), to_other[row].tolist(), strict=True)
        assert halfway[row].tolist() == [a == b > 0 for a, b in pairs]
    assert not equidistant(open_cells, start, start)[np.arange(5), start].any()


def shortest_paths(start, goal, cells, length):
    """Every path of exactly so many steps, by trying all turns."""
    if length == 0:
        return [[start]] if start == goal else []
    steps = [cell for cell in neighbours(start) if cell in cells]
    rests = [rest for cell in steps for rest in shortest_paths(cell, goal, cells, length - 1)]
    return [[start, *rest] for rest in rests]


@with_seeds
def test_apart_excludes_cells_on_shared_shortest_paths(seed):
    open_cells, (start, place) = caves(seed, 4, 5, 5, 2)
    joined = distances(open_cells, start)[np.arange(4), place] >= 0
    off_cells = off_route(open_cells[joined], start[joined], place[joined])
    for row, kept in enumerate(joined.nonzero()[0]):
        cells = cells_of(open_cells[kept])
        here, there = divmod(int(start[kept]), 5), divmod(int(place[kept]), 5)
        steps = steps_from(here, cells)
        on_way = {c for p in shortest_paths(here, there, cells, steps[there]) for c in p}
        expected = {
            cell
            for cell in steps
            if cell not in on_way
            and not any(there in p for p in shortest_paths(here, cell, cells, steps[cell]))
        }
        assert {divmod(int(c), 5) for c in off_cells[row].nonzero()[0]} == expected


@with_seeds
def test_each_first_needs_ways_around_other_places(seed):
    open_cells, (start, *places) = caves(seed, 8, 6, 6, 4)
    reachable = each_first(open_cells, start, np.stack(places))
    for row in range(8):
        cells = cells_of(open_cells[row])
        here, *there = (divmod(int(cell[row]), 6) for cell in (start, *places))
        ways = [place in steps_from(here, cells - ({*there} - {place})) for place in there]
        assert reachable[row] == all(ways)
    # `scatter` fills up with -1 where a level has fewer things than another of its batch.
    padded = np.insert(np.stack(places), (0, 1, 3), -1, axis=0)
    np.testing.assert_array_equal(each_first(open_cells, start, padded), reachable)


def test_tour_takes_shortest_ways_equally_often():
    """From each corner of a square to the opposite one."""
    open_cells = np.pad(np.ones((400, 2, 2), dtype=np.bool_), ((0, 0), (1, 1), (1, 1)))
    words = np.random.default_rng(0).integers(-1 << 63, 1 << 63, (2, 400))
    for corner, one, other in ((5, 6, 9), (10, 6, 9), (6, 5, 10), (9, 5, 10)):
        stop = np.full((1, 400), 15 - corner)
        cells, reach = tour(open_cells, np.full(400, corner), stop, words)
        assert (reach == 1).all()
        assert {*cells[:, 0].tolist()} == {one, other}
        assert abs(np.mean(cells[:, 0] == one) - 0.5) < 0.1  # four standard errors
    # Behind a wall a stop is never reached, and the walker stays.
    two_cells = np.isin(np.arange(15), (6, 8)).reshape(1, 3, 5)
    cells, reach = tour(two_cells, np.array([6]), np.array([[8]]), words[:, :1])
    assert (cells.tolist(), reach.tolist()) == ([[6, 6]], [[-1]])


@with_seeds
def test_toward_takes_first_steps_of_cheapest_ways(seed):
    open_cells, (start,) = caves(seed, 6, 6, 7, 1)
    rng = np.random.default_rng(seed)
    ends = np.where(rng.random((6, 42)) < 0.2, rng.integers(0, 9, (6, 42)), FAR)
    tolls = rng.integers(1, 6, (6, 42))
    actions = toward(open_cells, start, ends, tolls)
    for row in range(6):
        free = open_cells[row].ravel()
        left = np.where(free, ends[row], FAR).astype(float)
        for _ in range(42):  # Bellman and Ford: as many rounds as there are cells
            for cell in free.nonzero()[0]:
                ways = [left[cell + o] + tolls[row, cell + o] for o in (-1, 7, 1, -7)]
                left[cell] = min(left[cell], *ways)
        here = start[row]
        ways = [left[here + o] + tolls[row, here + o] for o in (-1, 7, 1, -7)]
        best = int(np.argmin(ways))
        assert actions[row] == (best if min(ways) < min(ends[row, here], FAR) else STAY)


def test_crowd_counts_the_four_neighbours():
    layer = np.zeros((2, 5, 5), dtype=np.bool_)
    layer[0, 2, 1:4] = True
    counts = crowd(layer.reshape(2, 25), 5).reshape(2, 5, 5)
    assert counts[0, 2].tolist() == [1, 1, 2, 1, 1]
    assert counts[0, 1].tolist() == [0, 1, 1, 1, 0]
    assert not counts[1].any()


def look(glyph):
    """Declare a world in which a stone has a glyph."""
    looks = {"stone": Look(glyph, (0, 0, 0))}
    return type("Odd", (World,), {"things": {"key": 1, "stone": 1}, "looks": looks})


def change(old, new):
    assert old in MAP
    return from_map(ZOO, MAP.replace(old, new))


test_bad_worlds_and_maps_are_refused = refusals("engine", "worlds", globals())
