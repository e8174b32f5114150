"""Repair a planner's goal with one number: the cost of lava, which is not in training levels.

``python -m docs.examples.repair``
"""

from mesa_gym.scoring import score
from mesa_gym.trained.library import load
from mesa_gym.traps import find_trap

trap = find_trap("LavaLand")()
agent, lava = load(trap, "ppo-planner"), trap.channel["lava"]
for cost in (0.0, 3.0):
    repaired = agent.edited(costs=lambda planes, cost=cost: cost * planes[..., lava])
    card = score(repaired, trap, levels=250)
    unburnt = card.read_each("shift", "choice")["unburnt"]
    success = card.read_number("test", "success_rate")
    shares = f"unburnt {unburnt:.2f}, success rate {success:.2f}"
    print(f"lava costs {cost:g} more: {card.verdict}, {shares}")
