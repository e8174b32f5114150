"""The baselines. They run where strangers' auditors run: this file imports nothing of the project.

An auditor has a ``tier``, ``fit(evidence, shares)`` and ``predict(evidence)``. Evidence is a dict
of arrays with an axis of agents, see ``benchmarks/audit/evidence.py``. Without a labelled
agent, or without what it needs, a baseline predicts .5.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
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


class Behaviour(LogProbabilities):
    """Ridge regression on log-probabilities and values."""

    def describe(self, evidence: Evidence) -> Any:
        """Return both."""
        return np.hstack([super().describe(evidence), evidence["values"]])


class Activations(Regression):
    """Activations as they are: of planners both maps, cell by cell."""

    tier = "inside"

    def describe(self, evidence: Evidence) -> Any:
        """Return them for every fourth state, (n, numbers)."""
        found = evidence["activations"][:, ::4].astype(np.float32)
        return found.reshape(len(found), -1)


class Likeness(Regression):
    """The likeness of each pair of states to a network (Kriegeskorte et al. 2008)."""

    tier = "inside"

    def describe(self, evidence: Evidence) -> Any:
        """Return correlations of every fourth state's activations with each other."""
        found = evidence["activations"][:, ::4].astype(np.float32)
        rows = np.triu_indices(found.shape[1], 1)
        return np.nan_to_num([np.corrcoef(each + 1e-6 * np.arange(each.shape[1]))[rows]
                              for each in found])  # fmt: skip


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


class Spectra(Regression):
    """Weights without the order of units: singular values, and sorted norms."""

    tier = "weights"

    def describe(self, evidence: Evidence) -> Any:
        """Return both of each layer, logarithms."""
        found = []
        for layer in evidence.values():
            matrix = layer.astype(np.float32)
            found.append(np.linalg.svd(matrix, compute_uv=False)[:, :64])
            found.append(np.sort(np.linalg.norm(matrix, axis=1), axis=1))
        return np.log(np.hstack(found) + 1e-4)


class InputNorms(Regression):
    """The weight of each input: norms of the rows of layers that read what is seen."""

    tier = "weights"

    def describe(self, evidence: Evidence) -> Any:
        """Return them, (n, inputs)."""
        layers = [evidence[name] for name in ("first", "held", "pays") if name in evidence]
        return np.hstack([np.linalg.norm(x.astype(np.float32), axis=2) for x in layers])


# Of each layer with hidden units: those that have the same units as columns, and as rows.
HIDDEN = {
    "first": (("first", "first_bias", "held"), ("second", "wants")),
    "second": (("second", "second_bias"), ("outputs",)),
}


def match_units(evidence: Evidence, anchor: Evidence) -> Evidence:
    """Return layers, float32, with hidden units in the order that is nearest to one agent's.

    An agent has no order of its own, so that a mean of two networks means little without this
    (Ainsworth et al. 2023).
    """
    found = {name: layer.astype(np.float32) for name, layer in evidence.items()}
    for name, (columns, rows) in HIDDEN.items():
        if name not in found:
            continue
        target = anchor[name][0].astype(np.float32).T
        orders = np.array([linear_sum_assignment(-(target @ layer))[1] for layer in found[name]])
        for other in found:
            if other in columns:
                found[other] = np.take_along_axis(found[other], orders[:, None, :], axis=2)
            if other in rows:
                found[other] = np.take_along_axis(found[other], orders[:, :, None], axis=1)
    return found


class Aligned(Regression):
    """Weights whose hidden units are matched to one agent's (Ainsworth et al. 2023)."""

    tier = "weights"

    def fit(self, evidence: Evidence, shares: Numbers) -> None:
        """Take the first agent as the one that others are matched to."""
        self.anchor = {name: layer[:1] for name, layer in evidence.items()}
        super().fit(evidence, shares)

    def describe(self, evidence: Evidence) -> Any:
        """Return the first layer, its units in the anchor's order, (n, numbers)."""
        found = match_units(evidence, self.anchor)["first"]
        return found.reshape(len(found), -1)


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
        return compute_answers(read_layers(evidence), self.inputs).numpy()


class LearntProbes(Probes):
    """Answers to inputs that are learnt together with a reading of them (Faccio et al. 2022)."""

    steps, rate, decay = 200, 0.03, 1e-3

    def fit(self, evidence: Evidence, shares: Numbers) -> None:
        """Learn the inputs by gradients from where ``Probes`` draws them, then the reading."""
        super().fit(evidence, shares)
        if len(shares) < 2:
            return
        layers, wanted = read_layers(evidence), torch.tensor(shares).float()
        wanted = (wanted - wanted.mean()) / (wanted.std() + 1e-6)
        first = compute_answers(layers, self.inputs)
        mean, scale = first.mean(0), first.std(0) + 1e-3
        logits = (self.inputs * 4 - 2).requires_grad_()
        reading = torch.zeros(first.shape[1], requires_grad=True)
        groups = [{"params": [logits], "lr": self.rate}, {"params": [reading], "lr": 3e-3}]
        optimizer = torch.optim.Adam(groups)
        for _ in range(self.steps):
            answers = (compute_answers(layers, logits.sigmoid()) - mean) / scale
            missed = (answers @ reading - wanted).square().mean()
            optimizer.zero_grad()
            (missed + self.decay * reading.square().sum()).backward()
            optimizer.step()
        self.inputs = logits.detach().sigmoid()
        Regression.fit(self, evidence, shares)


def read_layers(evidence: Evidence) -> dict[str, torch.Tensor]:
    """Return layers as float32 tensors."""
    return {name: torch.from_numpy(x.astype(np.float32)) for name, x in evidence.items()}


def compute_answers(layers: dict[str, torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
    """Return the outputs of networks, of planners the utilities, for inputs, (n, numbers)."""
    hidden = torch.einsum("pi,niu->npu", inputs, layers["first"])
    following = (("first_bias", "second"), ("second_bias", "outputs"), ("first_bias", "wants"))
    for bias, layer in following:
        if layer in layers:
            hidden = (hidden + layers[bias]).relu() @ layers[layer]
    return hidden.flatten(1)


class Connectivity(Probes):
    """The bend of answers on the way to labelled agents (Juneja et al. 2022), units matched."""

    anchors = 8

    def fit(self, evidence: Evidence, shares: Numbers) -> None:
        """Take the first labelled agents as those to go to, and learn from the others."""
        self.ends = {name: layer[: self.anchors] for name, layer in evidence.items()}
        rest = {name: layer[self.anchors :] for name, layer in evidence.items()}
        super().fit(rest, shares[self.anchors :])

    def describe(self, evidence: Evidence) -> Any:
        """Return for each anchor the distance of the answers half way from the mean of both."""
        n, count = (len(each["first"]) for each in (evidence, self.ends))
        own, others = super().describe(evidence), super().describe(self.ends)
        found = np.empty((n, count))
        for index in range(count):
            end = {name: layer[index : index + 1] for name, layer in self.ends.items()}
            matched = match_units(evidence, end)
            middle = {name: (layer + end[name]) / 2 for name, layer in matched.items()}
            bent = super().describe(middle) - (own + others[index]) / 2
            found[:, index] = np.log(np.linalg.norm(bent, axis=1) + 1e-4)
        return found


class LoneGoals(Regression):
    """The shares of levels on which either goal is reached where it is alone."""

    tier = "edits"

    def describe(self, evidence: Evidence) -> Any:
        """Return both shares."""
        return evidence["wants"]
