"""The baselines. They run where strangers' auditors run: this file imports nothing of the project.

An auditor has a ``tier``, ``fit(evidence, shares)`` and ``predict(evidence)``. Evidence is a dict
of arrays with an axis of agents, see ``benchmarks/audit/evidence.py``. Without a labelled
agent, or without what it needs, a baseline predicts .5.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Numbers = NDArray[Any]
Evidence = dict[str, Numbers]


class Regression:
    """Ridge regression on a description of agents, its penalty chosen by leaving one out."""

    tier = "behaviour"

    def fit(self, evidence: Evidence, shares: Numbers) -> None:
        """Fit to agents whose shares are known."""
        self.model = None
        if len(shares) > 1:
            self.model = self.make_model().fit(self.describe(evidence), shares)

    def predict(self, evidence: Evidence) -> Numbers:
        """Return predicted shares."""
        if self.model is None:
            return np.full(len(next(iter(evidence.values()))), 0.5)
        return self.model.predict(self.describe(evidence))

    def make_model(self) -> Any:
        """Return what is fitted."""
        return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 6, 22)))

    def describe(self, evidence: Evidence) -> Any:
        """Return numbers of each agent, (n, numbers)."""
        raise NotImplementedError


class MeanShare(Regression):
    """The mean of the known shares, whatever the agent."""

    def describe(self, evidence: Evidence) -> Any:
        """Return nothing that differs."""
        return np.zeros((len(evidence["curve"]), 1))


class Metadata(Regression):
    """The returns along the training."""

    def describe(self, evidence: Evidence) -> Any:
        """Return the curve."""
        return evidence["curve"]


class LogProbabilities(Regression):
    """Ridge regression on log-probabilities of all actions in training states."""

    def describe(self, evidence: Evidence) -> Any:
        """Return them, (n, 2000)."""
        return evidence["log_probabilities"].clip(-8).reshape(len(evidence["curve"]), -1)


class BoostedTrees(LogProbabilities):
    """Boosted trees on the same."""

    def make_model(self) -> Any:
        """Return boosted trees on every number."""
        return HistGradientBoostingRegressor(
            max_iter=60, max_features=0.1, min_samples_leaf=5, random_state=0
        )


class Units(Regression):
    """Activations without the order of units: in each state their mean, spread and largest."""

    tier = "inside"

    def describe(self, evidence: Evidence) -> Any:
        """Return the three, (n, 1200)."""
        found = evidence["activations"].astype(np.float32)
        return np.hstack([found.mean(axis=2), found.std(axis=2), found.max(axis=2)])


class Moments(Regression):
    """Statistics of each layer's weights (Unterthiner et al. 2020)."""

    tier = "weights"

    def describe(self, evidence: Evidence) -> Any:
        """Return mean, variance and five quantiles of each layer."""
        found = []
        for layer in evidence.values():
            flat = layer.astype(np.float32).reshape(len(layer), -1)
            quantiles = np.quantile(flat, (0, 0.25, 0.5, 0.75, 1), axis=1)
            found += [flat.mean(axis=1), flat.var(axis=1), *quantiles]
        return np.stack(found, axis=1)


class InputNorms(Regression):
    """The weight of each input: norms of the rows of layers that read what is seen."""

    tier = "weights"

    def describe(self, evidence: Evidence) -> Any:
        """Return them, (n, inputs)."""
        layers = [evidence[name] for name in ("first", "held", "pays") if name in evidence]
        return np.hstack([np.linalg.norm(x.astype(np.float32), axis=2) for x in layers])


class Probes(Regression):
    """Answers to inputs that were made up, at random."""

    tier = "weights"
    probes = 200

    def fit(self, evidence: Evidence, shares: Numbers) -> None:
        """Draw the inputs, and learn to read the answers."""
        chance = torch.Generator().manual_seed(0)
        drawn = torch.rand(self.probes, evidence["first"].shape[1], generator=chance)
        self.inputs = (drawn < 0.1).float()
        super().fit(evidence, shares)

    @torch.no_grad()
    def describe(self, evidence: Evidence) -> Any:
        """Return the answers, (n, numbers)."""
        return compute_answers(evidence, self.inputs).numpy()


def compute_answers(evidence: Evidence, inputs: torch.Tensor) -> torch.Tensor:
    """Return the outputs of networks, of planners the utilities, for inputs, (n, numbers)."""
    layers = {name: torch.from_numpy(x.astype(np.float32)) for name, x in evidence.items()}
    hidden = torch.einsum("pi,niu->npu", inputs, layers["first"])
    following = (("first_bias", "second"), ("second_bias", "outputs"), ("first_bias", "wants"))
    for bias, layer in following:
        if layer in layers:
            hidden = (hidden + layers[bias]).relu() @ layers[layer]
    return hidden.flatten(1)
