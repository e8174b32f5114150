"""Seeds of an agent: equal weights have one digest, and are refused as seeds."""

import pytest
import torch

from mesa_gym import evaluate
from mesa_gym.policies import as_policy
from mesa_gym.policies.seeds import digest_answers, digest_policy
from mesa_gym.traps import find_trap


def make_network(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9 * 9 * 3, 5))


def make_closure(network):
    return lambda obs: network


one, other, closure = make_network(0), make_network(1), make_closure(None)


@pytest.mark.thorough
def test_copied_network_as_seed_is_refused():
    with pytest.raises(ValueError, match="mine-s0 and mine-s1 are one training"):
        evaluate({"mine": [one, make_network(0)]}, "CheeseCorner", levels=2)
    assert len(evaluate({"mine": [one, other]}, "CheeseCorner", levels=2)) == 2


def digest(policy):
    return digest_policy(as_policy(policy, find_trap("CheeseCorner")(), 50))


def test_digest_policy_tells_weights_apart():
    assert len(digest(one)) == 32
    assert digest(one) == digest(make_network(0)) != digest(other)
    for policy in ("random", "oracle:base", closure):
        assert digest(policy) == ""


def test_digest_answers_reads_salted_levels():
    trap = find_trap("CheeseCorner")()
    digests = [digest_answers(as_policy(x, trap, 50), trap, salt)
               for x in (one, other) for salt in ("", "s", "s")]  # fmt: skip
    assert [digests.index(digest) for digest in digests] == [0, 1, 1, 3, 4, 4]
    assert all(len(digest) == 32 for digest in digests)
    assert digest_answers(as_policy("stay", trap, 50), trap) == ""
