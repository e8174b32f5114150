"""Policies that a trap offers to watch or score, by name and by folder."""

from mesa_gym.policies.finding import FOLDERS, named_policies, trained_policies
from mesa_gym.traps import all_traps

POLICY = (
    '{"schema": 1, "trap": "%s", "observation": "planes", "loader": "agents",'
    ' "weights": "w", "steps": 2000, "seed": 3}'
)


def test_policies_to_pick(tmp_path):
    trap = all_traps()["CheeseCorner-v0"]
    named = named_policies(trap)
    assert named["oracle:cheese"] == "optimal for the base objective"
    assert named["oracle:corner"] == "optimal for the proxy objective"
    for place, name in (("b/deep/agent", "CheeseCorner-v0"), ("a", "CheeseCorner-v0"), ("c", "X")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "policy.json").write_text(POLICY % name)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "policy.json").write_text(POLICY % "CheeseCorner-v0")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "policy.json").write_text("{")
    facts = "2,000 steps, seed 3"
    assert trained_policies(trap, tmp_path) == {"./a": facts, "b/deep/agent": facts}
    assert FOLDERS > 1000
