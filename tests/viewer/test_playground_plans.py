"""Planners in a playground, in headless Chromium, against the planners themselves."""

import numpy as np
import pytest
from visiting import LivePage

from mesa_gym.solver import PlacementGraph
from mesa_gym.traps import find_trap

pytestmark = pytest.mark.thorough
EXACT = 1e-5
PLANNED = ("CheeseCorner", "RedBlueDoors", "ColourShape", "KeysChests", "DustSweep", "CoinRun")
PLANNED_STATES = 90  # of each trap: 520 in all, each with 0, 1 and 2 edits
PLAN = """([states, edits]) => {
    const agent = game.agents[0];
    agent.forgetEdits();
    for (const [cell, worth] of edits) agent.edit(cell, worth);
    return states.map((s) => [agent.plan(level, s).worths, agent.chances(level, s)]);
}"""


@pytest.mark.parametrize("name", PLANNED)
def test_planners_plan_as_planners_do_with_and_without_edits(name, browser, tmp_path):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("mesa_gym.trained.library")
    trap, planner = find_trap(name)(), library.load(name, kind="planner")
    page = LivePage(browser, tmp_path, trap, [planner], [0])
    page.choose(1)
    graph, rng = PlacementGraph(trap, page.start(1)), np.random.default_rng(0)
    numbers = rng.choice(graph.going, min(PLANNED_STATES, graph.going), replace=False)
    states = graph.states.take(numbers)
    planes = trap.observe(states)
    walls = trap.layer(states.take([0]), "wall")[0].ravel()
    floor = rng.permutation(np.flatnonzero(~walls))
    deviation = np.zeros(2)
    for edits in ([], [(floor[0], 6.5)], [(floor[0], -3.0), (floor[1], 9.25)]):

        def change(seen, edits=edits):
            own = planner.objective(seen)
            added = np.zeros_like(own)
            for cell, worth in edits:
                at = (slice(None), *divmod(int(cell), trap.width))
                added[at] = np.float32(worth) - own[at]
            return added

        edited = planner.edited(utility=change)
        with torch.inference_mode():
            scores = edited(torch.from_numpy(planes)).double().numpy()
        worths = scores / edited.sharpness
        given = [[int(cell), float(worth)] for cell, worth in edits]
        answers = page.ask(PLAN, [numbers.tolist(), given])
        found = [np.array(each) for each in zip(*answers, strict=True)]
        shares = np.asarray(edited.act(planes))
        size = np.maximum(1, abs(worths))
        gaps = (abs(found[0] - worths) / size).max(), abs(found[1] - shares).max()
        deviation = np.maximum(deviation, gaps)
    page.tab.close()
    print(f"{name}: worths within {deviation[0]:.1e}, probabilities {deviation[1]:.1e}")
    assert (deviation < EXACT).all()
