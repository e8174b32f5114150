"""The network with a local view: it sees things that lie at most three cells away.

A square of 7 x 7 cells around the agent, as in Minigrid's usual ``agent_view_size``. The cell on
which the agent stands and the row of what it holds are seen as before.
"""

from mesa_gym.trained.mlp import MLP

REACH = 3


class LocalMLP(MLP):
    """An MLP with a local view."""

    kind = "local"
    reach = REACH
