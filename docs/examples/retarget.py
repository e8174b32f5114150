"""Read a planner's goal, predict its choices under shift, and give it another goal.

``python -m docs.examples.retarget``
"""

from mesa_gym.scoring import score
from mesa_gym.trained.library import load
from mesa_gym.traps import find_trap

trap = find_trap("ColourShape")()
agent = load(trap, "ppo-planner")
reading = agent.reading("line", "yellow")
print(f"predicted share of the line under shift: {reading.share:.2f}")

line, yellow = trap.channel["line"], trap.channel["yellow"]
edited = agent.edited(utility=lambda planes: 8.0 * planes[..., line] - 8.0 * planes[..., yellow])
for name, policy in (("as trained", agent), ("edited", edited)):
    card = score(policy, trap, levels=250)
    chosen = card.read_each("shift", "choice")
    print(
        f"{name}: {card.verdict}, the line on {chosen['line']:.2f}, yellow {chosen['yellow']:.2f}"
    )
