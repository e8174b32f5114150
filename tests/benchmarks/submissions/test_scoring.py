"""Agents in their own processes act as they would here, and one's failure leaves others alone."""

from contextlib import redirect_stderr
from io import StringIO

import numpy as np
import pytest
import torch
from graphs import CELLS, CORNER, SHAPE, counting, external, failing, linear
from parameters import few
from safetensors.torch import load as tensors_of
from safetensors.torch import save as tensors
from submissions import entry, opened, submission, submit

from agents.saving import encode_weights
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError
from mesa_gym.policies import references
from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.scoring import ScoreCard, record, score
from mesa_gym.trained.ensemble import Ensemble
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.kinds import KINDS
from mesa_gym.trained.loading import make
from mesa_gym.trained.networks import Network
from mesa_gym.trained.record import AgentRecord
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import Split, find_trap

pytestmark = pytest.mark.thorough
TRAP = find_trap(CORNER)()
SALT = "a secret of the evaluator"
GRAPH = linear(np.random.default_rng(0).normal(size=(CELLS, 5)))
SEEN = np.random.default_rng(0).integers(0, 2, (3, 100, *SHAPE), dtype=np.uint8)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A submission with good and bad agents, scored: the results, what was told."""
    home = tmp_path_factory.mktemp("done")
    onnx = [entry("onnx", f"s{seed}.onnx", seed) for seed in (0, 1, 3, 4)]
    agents = [*onnx, entry("trace", "s2.trace", 2)]
    folder = submission(home / "s", *agents, description="PPO <script>alert(1)</script> & more")
    nan = linear(np.full((CELLS, 5), np.nan))
    files = {"s0.onnx": GRAPH, "s1.onnx": nan, "s3.onnx": failing("\x1b[2Jlost")}
    for file, data in (files | {"s4.onnx": b"\x08 and nonsense"}).items():
        (folder / file).write_bytes(data)
    record("stay", TRAP, 4).save(folder / "s2.trace")
    with redirect_stderr(StringIO()) as told:
        assert submit(folder, home / "R") == 1
    return home / "R", told.getvalue()


def test_the_others_go_on_where_one_misbehaves(done):
    results, told = done
    cards = {path.stem for path in (results / "cards" / CORNER).glob("*.json")}
    beside = {name.replace(":", "-") for name in references(TRAP)}
    assert cards == {"demo-s0", "demo-s2", *beside}
    for seed, fact in (
        (1, "train, step 0: it gave [nan nan nan nan nan] in row 0"),
        (3, "train, step 0: it raised InvalidArgument: [ONNXRuntimeError]"),
        (4, "being loaded: it raised"),
    ):
        assert f"policy 'demo-s{seed}' on {CORNER}, {fact}" in told
    assert "2 of 5 agents scored" in told
    assert "Name:'�[2Jlost'" in told
    assert "\x1b" not in told
    # An isolated agent has the card that it has otherwise.
    for seed, acting in ((0, OnnxPolicy(GRAPH, TRAP, "planes")), (2, record("stay", TRAP, 4))):
        card = ScoreCard.load(results / "cards" / CORNER / f"demo-s{seed}.json")
        assert card == score(acting, TRAP, 4, name=f"demo-s{seed}")


class Turning:
    """A policy that takes each action in turn."""

    observation = "planes"

    def reset(self, mask, rng):
        self.count = np.zeros(len(mask), np.int64)

    def act(self, observation, state=None):
        self.count += 1
        return (self.count - 1) % 5


def test_a_graph_that_remembers_is_scored_on_secret_levels(tmp_path):
    """As the same agent of Python is; one that forgets would get another card."""
    folder = submission(tmp_path / "s", entry("onnx", "x.onnx"))
    (folder / "x.onnx").write_bytes(counting())
    assert submit(folder, tmp_path / "R", SALT) == 0
    card = ScoreCard.load(tmp_path / "R" / "cards" / CORNER / "demo-s0.json")
    here, forgetful = (
        score(acting, TRAP, 4, salt=SALT, name="demo-s0")
        for acting in (Turning(), lambda seen: np.zeros(len(seen), np.int64))
    )
    assert card == here
    assert card.splits != forgetful.splits


def test_what_is_said_of_an_agent_is_kept_as_text(done):
    """The board shows it, and escapes it."""
    training = AgentRecord.load(done[0] / "training" / CORNER / "demo-s0.json")
    about = "PPO <script>alert(1)</script> & more (A. Person)"
    assert (training.agent, training.seed, training.about) == ("demo", 0, about)


def test_a_graph_cannot_have_its_weights_in_other_files():
    """Such as a file of the evaluator's, of which it would tell by what it does."""
    with pytest.raises(PolicyError, match="the weights 'weights' in another file"):
        opened(external("etc/passwd")).__enter__()


# -- weights ---------------------------------------------------------------------------------------


def untrained(kind="network"):
    one, other = (
        Network(TRAP, draw_stack(CentredInputs(TRAP).count, (seed,))) for seed in range(2)
    )
    made = {"network": one, "ensemble": Ensemble(TRAP, [one, other])}
    return made.get(kind) or make(kind, TRAP)


@pytest.mark.parametrize("kind", few(KINDS, KINDS[0]))
def test_every_kind_of_agent_acts_as_it_does_here(kind):
    """Step after step, also after some episodes have begun again: some kinds remember."""
    actor = untrained(kind)
    shown = make_observation(TRAP, actor.observation)
    masks = [np.ones(100, np.bool_), None, np.random.default_rng(0).random(100) < 0.5]
    with opened(encode_weights(actor), architecture=kind) as policy:
        for mask, split in zip(masks, Split, strict=False):
            observation = shown.encode(TRAP.levels(split, np.arange(100)))
            for acting in (policy, actor):
                if mask is not None:
                    acting.reset(mask, np.random.default_rng(0))
            np.testing.assert_array_equal(policy.act(observation), actor.act(observation))


def cast(kind):
    state = untrained().state_dict()
    return tensors({name: (100 * tensor).to(kind) for name, tensor in state.items()})


@pytest.mark.slow
def test_half_precision_acts_as_its_numbers_do():
    """It is widened, which changes none of them; ``agents.saving`` writes it too."""
    actor, data = untrained(), cast(torch.float16)
    actor.load_state_dict({name: tensor.float() for name, tensor in tensors_of(data).items()})
    with opened(data, architecture="network") as policy:
        np.testing.assert_array_equal(policy.act(SEEN[0]), actor.act(SEEN[0]))


FOREIGN = b'{"x":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,799999999992]}}'
BAD = {
    r"is torch.int8; expected torch.float32": cast(torch.int8),
    "is torch.float64": cast(torch.float64),
    r"Error.* in loading state_dict": encode_weights(untrained("ensemble")),
    "it raised ValueError": tensors({"\x1b[2J" + "x" * 840_000: torch.zeros(3)}),
    "ValueError: Error while": len(FOREIGN).to_bytes(8, "little") + FOREIGN,
    r"unknown kind of agent 'networks'.*mean 'network'": encode_weights(untrained()),
}


@pytest.mark.parametrize("told", few(BAD, *list(BAD)[:4:3]))
def test_weights_that_are_not_of_their_architecture_are_an_error(told):
    architecture = "networks" if "networks" in told else "network"
    with pytest.raises(PolicyError, match=told) as caught:
        opened(BAD[told], architecture=architecture).__enter__()
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert len(str(caught.value)) < 20_000
