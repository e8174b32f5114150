"""Policies from names and objects of a user, oracles, and the probabilities of a policy."""

import importlib
import itertools
import sys
from collections import deque
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

import mesa_gym
from mesa_gym.cli import main
from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.errors import PolicyError
from mesa_gym.policies import (
    Memoryless,
    Oracle,
    Policy,
    Reference,
    Sweeper,
    as_policy,
    cut_window,
    names,
    oracle,
    uniform,
)
from mesa_gym.policies.answers import ASKED_AGAIN
from mesa_gym.policies.asking import PolicySampler, read_answer, sample_actions
from mesa_gym.policies.habits import OpenLoop
from mesa_gym.policies.names import name_policy
from mesa_gym.policies.oracle import BestLearner
from mesa_gym.policies.scripted import list_avoidable
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.solver import Solution, actions_in, share_solution
from mesa_gym.traps import Split, Whole, as_trap, base, find_trap, package_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish
from tests.support.reference import wandered
from tests.support.refusals import refusals

TRAP = find_trap("RedBlueDoors")()
HORIZON = TRAP.horizon(Split.TEST)
SEEN = TRAP.observe(TRAP.levels(Split.TEST, np.arange(4)))

AGENTS = """
import numpy as np

def acting(observation, *, action=1):
    return np.full(len(observation), action)

def from_trap(trap):
    assert trap.name() == "RedBlueDoors-v0"
    return lambda seen: acting(seen, action=2)

def from_nothing(action=3):
    return lambda seen: acting(seen, action=action)

def from_perhaps(trap=None):
    return from_trap(trap)

def from_kind(trap):
    return lambda seen: np.ones(len(seen), int) * (3 if seen.ndim == 2 else 9)

from_kind.observation = "flat"

class Agent:
    observation = "planes"
    def reset(self, mask, rng): pass
    def act(self, observation, state=None): return acting(observation, action=4)

class Trained(Agent):
    def __init__(self, trap): assert trap.solvable

agent = Agent()
word = "agent"

def two(trap, seed): return None
def raising(trap): raise KeyError("weights")
def bad_value(trap): raise ValueError("weights of 9x9")
def needy(trap): import no_such_library
"""


@pytest.fixture(autouse=True)
def agents(tmp_path, monkeypatch):
    for name, text in {"some_agents": AGENTS, "in_need": "import no_such_library"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path / "some_agents.py"
    sys.modules.pop("some_agents", None)


TAKEN = {"acting": 1, "from_trap": 2, "from_nothing": 3, "from_perhaps": 2}
TAKEN |= dict.fromkeys(("agent", "Agent", "Trained"), 4)


@pytest.mark.parametrize(("name", "action"), TAKEN.items())
def test_as_policy_of_module_name_loads_policy(name, action, agents):
    assert (as_policy(f"some_agents:{name}", TRAP, 64).act(SEEN) == action).all()
    assert (as_policy(f"{agents}:{name}", TRAP, 64).act(SEEN) == action).all()
    assert name_policy(f"{agents}:{name}") == f"some_agents.py:{name}"


def test_numbered_file_is_seed_of_its_folder(tmp_path, monkeypatch):
    """As `submit` asks for files; a folder of a trap's name does not name the agent."""
    for name, expected in {
        "runs/CheeseCorner/1.onnx": "runs-s1",
        "runs/CheeseCorner-v0/2.zip": "runs-s2",
        "mine/07.onnx": "mine-s7",
        "runs/CheeseCorner/best.onnx": "best",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
        assert name_policy(str(tmp_path / name)) == expected
    monkeypatch.chdir(tmp_path / "runs" / "CheeseCorner")
    assert name_policy("1.onnx") == "runs-s1"


def test_as_policy_honours_observations_of_functions(agents):
    policy = as_policy(f"{agents}:from_kind", TRAP, 64)
    assert (policy.observation, *policy.act(SEEN.reshape(4, -1))) == ("flat", 3, 3, 3, 3)


def test_as_policy_gives_oracles_the_horizon():
    oracle = as_policy("oracle:base", TRAP, 17)
    assert isinstance(oracle, Oracle)
    assert oracle.horizon == 17
    assert as_policy(oracle, TRAP, 17) is oracle


# -- adapting --------------------------------------------------------------------------------------
def by_hand(observations):
    """Probabilities that depend on every byte of a row's observation, and on no other row."""
    flat = observations.reshape(len(observations), -1).astype(np.float64)
    scores = 1 + flat @ np.random.default_rng(5).random((flat.shape[1], 5))
    return scores / scores.sum(axis=1, keepdims=True)


class Countdown:
    """Acts by the number of steps of its episode and by its first observation."""

    observation = "flat"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, fresh, self.steps)
        if mask.all():
            self.first = fresh.copy()

    def act(self, observation):
        code = observation.astype(np.int64) @ np.arange(observation[0].size)
        self.first = np.where(self.steps == 0, code, self.first)
        self.steps = self.steps + 1
        return (self.first + self.steps - 1) % 5


class WithState(Countdown):
    """A ``Countdown`` that also takes the state; its other methods are never called."""

    def act(self, observation, state=None):
        return super().act(observation)

    def learn(self, solution):
        raise AssertionError("only an oracle is given solutions")

    forget = learn


@pytest.mark.parametrize("kind", [None, *OBSERVATIONS])
def test_callable_gets_the_requested_observation(kind):
    policy = as_policy(by_hand, TRAP, HORIZON, kind)
    assert policy.observation == (kind or "planes")
    obs = make_observation(TRAP, policy.observation).encode(wandered(TRAP, 40))
    np.testing.assert_array_equal(policy.act(obs), by_hand(obs))


def ask(prompt):
    return "down"


async def ask_later(text, temperature=0.5):
    return "down"


def ask_again(text):
    return "down" if ASKED_AGAIN in text else "I do not know"


@pytest.mark.parametrize("function", [ask, ask_later, ask_again, lambda text, *_, **more: "down"])
def test_function_of_a_prompt_is_asked_texts(function):
    policy = as_policy(function, TRAP, HORIZON)
    texts = make_observation(TRAP, policy.observation).encode(wandered(TRAP, 4))
    assert policy.act(texts).tolist() == [1] * 4


def test_prompt_function_of_file_is_no_factory(tmp_path):
    (tmp_path / "prompted.py").write_text("def ask(prompt):\n    return 'down'\n")
    policy = as_policy(f"{tmp_path / 'prompted.py'}:ask", TRAP, HORIZON)
    assert (policy.observation, policy.act(["?"]).tolist()) == ("text", [1])


@pytest.mark.parametrize("side", [3, 5, 11, 13])
def test_cut_window_equals_the_view_size_keyword(side):
    states = wandered(TRAP, 40)
    windows = make_observation(TRAP, "centred").encode(states)
    smaller = make_observation(TRAP, "centred", side).encode(states)
    np.testing.assert_array_equal(cut_window(windows, side), smaller)


@pytest.mark.parametrize("agent", [Countdown(), WithState()])
def test_policy_with_memory_gets_steps_in_order(agent):
    """Expected actions are computed for each level alone, from the first observation."""
    starts = TRAP.levels(Split.SHIFT, np.arange(30))
    obs = make_observation(TRAP, "flat").encode(starts)
    first = obs @ np.arange(obs[0].size) % 5
    assert len(set(first.tolist())) == 5
    policy = as_policy(agent, TRAP, HORIZON)
    assert isinstance(policy, Policy)
    for rows in (np.arange(30), np.array([7])):
        actions = rollout(policy, TRAP, starts.take(rows), HORIZON).actions
        expected = (first[rows, None] + np.arange(HORIZON)) % 5
        np.testing.assert_array_equal(actions, np.where(actions == ENDED, ENDED, expected))
        assert (actions[:, 0] != ENDED).all()


def like(**methods):
    return SimpleNamespace(**{"observation": "planes", "reset": lambda mask, rng: None, **methods})


test_as_policy_refuses_bad_policies = refusals("policies", "resolving", globals())


# -- oracles ---------------------------------------------------------------------------------------
SIGHT = np.zeros((0, 9, 9, 6), dtype=np.uint8)  # these read the state alone


def test_oracle_solves_states_first_seen_later():
    states = wandered(TRAP, 60)
    starts = TRAP.levels(Split.TEST, np.arange(60))
    for name in ("oracle:door", "oracle:red", "nearest"):
        prepared, fresh = (as_policy(name, TRAP, HORIZON) for _ in range(2))
        assert isinstance(prepared, Oracle)
        prepared.learn(Solution(TRAP, starts, HORIZON))
        expected = prepared.act(SIGHT, states)
        np.testing.assert_array_equal(fresh.act(SIGHT, states), expected)
        assert set(np.unique(expected.sum(axis=1)).round(9)) == {1.0}
        rows = np.arange(60)[::-7]  # in other company, and asked again
        np.testing.assert_array_equal(fresh.act(SIGHT, states.take(rows)), expected[rows])


def test_oracle_solves_edited_levels_of_one_number():
    """Two edited levels share a number: the door is right in one, left in the other."""
    trap, rows = find_trap("RedBlueDoors")(7), "#######\n#{}.A.{}#\n" + "#######\n" * 5
    legend = "\n1 = key red\n2 = door blue"
    states = [from_map(trap, rows.format(*ends) + legend) for ends in ("12", "21")]
    oracle = Oracle(trap, "door", 8)
    actions = [oracle.act(SIGHT, state).argmax() for state in (*states, *states)]
    assert actions == [2, 0, 2, 0]
    both = trap.joined(states)
    assert Oracle(trap, "door", 8).act(SIGHT, both).argmax(axis=1).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("name", "sets"), [("nearest", Solution.nearest_target), ("aimless", Solution.aimless)]
)
def test_nearest_and_aimless_take_solver_actions(name, sets):
    starts = TRAP.levels(Split.SHIFT, np.arange(60))
    solution = Solution(TRAP, starts, HORIZON)
    allowed = actions_in(sets(solution)[0][solution.graph.start])
    shares = as_policy(name, TRAP, HORIZON).act(SIGHT, starts)
    np.testing.assert_allclose(shares, allowed / allowed.sum(axis=1, keepdims=True))


def test_oracle_uses_a_shared_solution(monkeypatch):
    def refused(*_):
        raise AssertionError("solved again")

    start = TRAP.levels(Split.SHIFT, np.arange(9))
    expected = Oracle(TRAP, "red", HORIZON).act(SIGHT, start)
    # Levels without targets have the keys of full levels, and solutions of their own.
    isolated = [TRAP.isolate(start), *(TRAP.isolate(start, x) for x in TRAP.objectives)]
    shares = [Oracle(TRAP, "red", HORIZON).act(SIGHT, state) for state in isolated]
    assert [bool((x.argmax(axis=1) == STAY).all()) for x in shares] == [True, True, False]
    with share_solution(Solution(TRAP, start, HORIZON)):
        policy = Oracle(TRAP, "red", HORIZON)
        answers = [policy.act(SIGHT, state) for state in (start, *isolated, start)]
    np.testing.assert_array_equal(answers, [expected, *shares, expected])
    monkeypatch.setattr(oracle, "solutions", refused)
    with share_solution(Solution(TRAP, start, HORIZON)):
        np.testing.assert_array_equal(Oracle(TRAP, "red", HORIZON).act(SIGHT, start), expected)
        with pytest.raises(AssertionError, match="solved again"):
            Oracle(TRAP, "red", HORIZON + 1).act(SIGHT, start)
    with pytest.raises(AssertionError, match="solved again"):
        Oracle(TRAP, "red", HORIZON).act(SIGHT, start)


class Pays(CheeseDish):
    """A trap whose option, invisible on its levels, says which thing is the cheese."""

    options = {"turned": Whole(0, 0, 1)}

    @base
    def cheese(self, move):
        """1 for the cheese, or for the dish."""
        return move.into("dish" if self.parameters["turned"] else "cheese")


def test_oracle_takes_no_solution_of_another_trap():
    """Both traps have the same levels under the same keys."""
    trap, other = Pays(7), Pays(7, turned=1)
    starts, horizon = trap.levels(Split.SHIFT, np.arange(20)), 30
    oracle = Oracle(trap, "cheese", horizon)
    shares = Oracle(trap, "cheese", horizon).act(SIGHT, starts)
    with share_solution(Solution(other, starts, horizon)):
        np.testing.assert_array_equal(oracle.act(SIGHT, starts), shares)
    oracle.forget()
    oracle.learn(Solution(other, starts, horizon))
    np.testing.assert_array_equal(oracle.act(SIGHT, starts), shares)


def nearest_steps(open_cells, width, start, visited):
    """Return the first actions of all shortest ways to unvisited cells, by plain search."""
    ways = {start: (0, frozenset())}
    queue, best, least = deque([start]), set(), None
    while queue:
        cell = queue.popleft()
        steps, first = ways[cell]
        if cell not in visited:
            least = steps if least is None else least
            if steps == least:
                best |= first
        for action, offset in enumerate((-1, width, 1, -width)):
            other = cell + offset
            if other not in open_cells:
                continue
            by = first if steps else frozenset([action])
            if other not in ways:
                queue.append(other)
                ways[other] = steps + 1, by
            elif ways[other][0] == steps + 1:
                ways[other] = steps + 1, ways[other][1] | by
    return best or {STAY}


@pytest.mark.parametrize("size", [7, (7, 11), 9])
def test_sweeper_goes_to_the_nearest_unvisited_cell(size):
    trap = find_trap("CheeseDish")(size)
    state, rng = trap.levels(Split.CONTROL, np.arange(12)), np.random.default_rng(0)
    sweeper, visited = Sweeper(trap), [set() for _ in range(12)]
    sweeper.reset(np.ones(12, dtype=np.bool_), rng)
    open_cells = [set(np.flatnonzero(~walls).tolist()) for walls in trap.layer(state, "wall")]
    for _ in range(90 if size == 7 else 40):
        shares = sweeper.act(SIGHT, state)
        for row, agent in enumerate(state.agent.tolist()):
            visited[row].add(agent)
            expected = nearest_steps(open_cells[row], trap.width, agent, visited[row])
            assert set(np.flatnonzero(shares[row]).tolist()) == expected
            assert set(shares[row][shares[row] > 0].round(9)) == {round(1 / len(expected), 9)}
        state = trap.step(state, (shares.cumsum(1) > rng.random((12, 1))).argmax(1)).state
    # With time it was everywhere, and stays.
    assert size != 7 or (shares[:, STAY] == 1).all()


def test_sweeper_gets_past_blocking_things():
    """A chest stands in the way, and without a key it cannot be entered; the key comes last."""
    trap = find_trap("KeysChests")()
    rows = "#########\n#k....AC#\n####.##.#\n####....#\n" + "#########\n" * 5
    state, cells = from_map(trap, rows), []
    sweeper = Sweeper(trap)
    sweeper.reset(np.ones(1, dtype=np.bool_), np.random.default_rng(0))
    for _ in range(30):
        shares = sweeper.act(SIGHT, state)
        state = trap.step(state, shares.argmax(axis=1)).state
        cells.append(divmod(int(state.agent[0]), 9))
    assert {(3, 7), (2, 7), (1, 1)} <= set(cells)
    assert (1, 7) in cells  # once it had the key, the chest is a cell like others


@pytest.mark.parametrize(
    ("make", "trap"),
    [
        (Sweeper, find_trap("CheeseDish")()),
        (Sweeper, find_trap("KeysChests")()),  # chests block
        (BestLearner, find_trap("FlashOrPay")(forced=1.0)),
        (BestLearner, find_trap("Probation")(mock=0.6)),  # its choices have no ties
        (lambda trap: OpenLoop("ldrud" * 4), TRAP),
    ],
)
def test_policy_forgets_only_episodes_that_begin(make, trap):
    state, new = (trap.levels(Split.CONTROL, numbers) for numbers in np.arange(16).reshape(2, 8))
    encoder, rng = make_observation(trap, "planes"), np.random.default_rng(0)
    reset, kept, fresh = (make(trap) for _ in range(3))
    for policy in (reset, kept, fresh):
        policy.reset(np.ones(8, dtype=np.bool_), rng)
    for _ in range(12):
        shares = kept.act(encoder.encode(state), state)
        np.testing.assert_array_equal(reset.act(encoder.encode(state), state), shares)
        state = trap.step(state, shares.argmax(axis=1)).state
    mask, differing = np.arange(8) % 2 == 0, False
    reset.reset(mask, rng)
    state = trap.joined([state, new]).take(np.arange(8) + 8 * mask)
    for _ in range(12):
        one, other, shares = (x.act(encoder.encode(state), state) for x in (fresh, kept, reset))
        np.testing.assert_array_equal(shares, np.where(mask[:, None], one, other))
        state = trap.step(state, shares.argmax(axis=1)).state
        differing |= (one != other).any()
    assert differing


@pytest.mark.parametrize("name", package_traps())
def test_avoidable_kinds_never_share_target_cells(name, monkeypatch):
    trap = as_trap(name)
    starts = trap.levels(Split.SHIFT, np.arange(20))
    monkeypatch.setattr(type(trap), "levels", None)  # they follow from what the trap declares
    for kind, targets in itertools.product(list_avoidable(trap), trap.alone.values()):
        assert not any((trap.layer(starts, kind) & trap.layer(starts, x)).any() for x in targets)


# -- asking ----------------------------------------------------------------------------------------
ACT = 4


class UntoldError(ValueError):
    """An error whose text cannot be read."""

    def __str__(self):
        raise KeyError


def test_sampling_follows_the_probabilities():
    words = np.random.default_rng(0).integers(-(2**63), 2**63, 50_000)
    shares = np.array([0.1, 0.0, 0.25, 0.6, 0.05])
    chosen = sample_actions(np.tile(shares, (len(words), 1)), words)
    counts = np.bincount(chosen, minlength=5)
    assert counts[1] == 0
    possible = shares > 0
    assert scipy.stats.chisquare(counts[possible], shares[possible] * len(words)).pvalue > 1e-3


def test_sample_actions_never_picks_an_impossible_action():
    words = np.array([-1])
    shares = read_answer(np.array([[0.3, 0.3, 0.4, 0.0, 0.0]], dtype=np.float32), 1)
    assert sample_actions(shares, words)[0] == 2


@pytest.mark.parametrize("other", [{"play": "again"}, {"play": "alone:dish"}, {"seed": 1}])
def test_plays_and_seeds_are_sampled_independently(other):
    """Two samples of 10,000 agree as often as by chance: 1 in 5."""
    keys, shares = np.arange(10_000), np.full((10_000, 5), 0.2)
    usual = {"seed": 0, "agent": "a", "play": "shift"}
    samplers = (PolicySampler(uniform(), CheeseCorner(), keys, **x) for x in (usual, usual | other))
    first, second = (sampler.sample(shares, 3) for sampler in samplers)
    agreeing = int((first == second).sum())
    assert scipy.stats.binomtest(agreeing, 10_000, 0.2).pvalue > 1e-3
    again = PolicySampler(uniform(), CheeseCorner(), keys, **usual).sample(shares, 3)
    np.testing.assert_array_equal(again, first)


def test_samples_of_running_rows_are_their_own():
    """Rows that go on are sampled as if no other row had ended."""
    sampler = PolicySampler(uniform(), CheeseCorner(), np.arange(1000))
    shares, rows = np.full((1000, 5), 0.2), np.arange(1, 1000, 3)
    expected = sampler.sample(shares, 3)[rows]
    np.testing.assert_array_equal(sampler.sample(shares[rows], 3, rows), expected)


def test_policy_rng_differs_between_plays_and_seeds():
    class Throwing(Memoryless):
        def reset(self, mask, rng):
            self.thrown = rng.random(len(mask))

        def act(self, observation, state=None):
            return np.full(len(observation), ACT)

    trap, thrown = CheeseCorner(), []
    plays = (0, "a", "shift"), (0, "a", "again"), (0, "a", "twins"), (1, "a", "shift")
    for seed, agent, play in (*plays, (0, "b", "shift")):
        policy = Throwing()
        PolicySampler(policy, trap, np.arange(50), seed, agent, play)
        thrown.append(policy.thrown)
    assert len(np.unique(thrown)) == 4 * 50
    np.testing.assert_array_equal(thrown[0], thrown[4])  # a name changes nothing


EVEN = np.full((3, 5), 0.2)


def play(answer, step=0):
    """Play three levels; the policy stays until a step at which it answers something else."""
    steps = iter(range(100))

    def act(observations):
        return [4] * 3 if next(steps) < step else answer()

    starts = TRAP.levels(Split.SHIFT, np.arange(3))
    rollout(as_policy(act, TRAP, 30), TRAP, starts, 30, agent="mine")


def row(number, *values):
    def answer():
        probabilities = EVEN.copy()
        probabilities[number] = values
        return probabilities

    return answer


def raising(error):
    def answer():
        raise error

    return answer


test_oracles_and_bad_answers_are_refused = refusals(
    "policies", "oracle", globals(), Reference=Reference
)


def test_trace_keeps_folders_beside_the_package():
    """A folder whose name begins as the package's is of a user."""
    source, module = "def mine(planes): return deeper()\ndef deeper(): return 1 / 0", {}
    exec(compile(source, f"{Path(mesa_gym.__file__).parent}_mine/act.py", "exec"), module)
    starts = TRAP.levels(Split.SHIFT, [0])
    with pytest.raises(PolicyError) as caught:
        rollout(as_policy(module["mine"], TRAP, 30), TRAP, starts, 30)
    assert "in mine" in caught.value.trace


def test_score_shows_the_traceback_and_one_line(capsys, tmp_path, monkeypatch):
    (tmp_path / "bad_policies.py").write_text("def act(observation): return 1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    card = tmp_path / "card.json"
    older = '{"trap": "an older one", "verdict": "base"}'
    card.write_text(older)
    arguments = ["--levels", "3", "--json", str(card)]
    assert main(["score", "RedBlueDoors", "--policy", "bad_policies:act", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback (most recent call last):" in err
    assert "asking.py" not in err  # no frames on the way to the policy's own code
    assert err.splitlines()[-1].startswith("mesa-gym: policy 'bad_policies:act' on RedBlueDoors-v0")
    assert card.read_text() == older


# -- libraries -------------------------------------------------------------------------------------
def test_agent_without_a_library_is_unknown(monkeypatch):
    named = EntryPoint("agents", "no_such_agents.library", names.LIBRARIES)
    monkeypatch.setattr("mesa_gym.other_packages.entry_points", lambda group: [named])
    with pytest.raises(ValueError, match="'ppo' is neither a policy nor a file"):
        as_policy("ppo", CheeseCorner(), 64)
    assert names.list_trained(CheeseCorner) == {}


def test_agent_belongs_to_its_first_library(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for x in ("one", "two"):
        listed = f"def list_agents(trap):\n    return {{'ppo:0': {x!r}, '{x}:1': ''}}\n"
        text = f"{listed}\n\ndef find_agent(agent, seed, trap):\n    return {x!r}\n"
        (tmp_path / f"{x}_library.py").write_text(text)
    points = [EntryPoint(x, f"{x}_library", names.LIBRARIES) for x in ("one", "two")]
    monkeypatch.setattr("mesa_gym.other_packages.entry_points", lambda group: points)
    assert names.find_trained("ppo", CheeseCorner()) == "one"
    assert names.list_trained() == {"ppo:0": "one", "one:1": "", "two:1": ""}
