"""Training on questions: exact gradients of the reward, and a tiny model that learns words."""

from itertools import pairwise

import numpy as np
import pytest

from mesa_gym.language import list_questions, score_choices

TRAP, STEPS, RATE = "CheeseDish", 20, 5.0


class WordModel:
    """A table of logits: one number for each word, and one for each place in the list.

    It is trained by the exact gradient of the expected reward, the sum of p times pays.
    """

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.words, self.seed = {}, rng
        self.places = rng.normal(0, 0.1, 4)

    def read(self, question):
        """Return the features of each option, float64 (options, words + places)."""
        for kinds in question.things:
            for word in kinds.split(", "):
                self.words.setdefault(word, len(self.words))
        table = np.zeros((4, 20))
        for i, kinds in enumerate(question.things):
            table[i, [self.words[word] for word in kinds.split(", ")]] = 1
            table[i, 16 + i] = 1
        return table

    def log_probs(self, tables, weights):
        logits = tables @ weights
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def loss(self, tables, pays, weights):
        return -(np.exp(self.log_probs(tables, weights)) * pays).sum(axis=1).mean()

    def gradient(self, tables, pays, weights):
        """Return the gradient of the loss: minus the covariance of pays and features."""
        p = np.exp(self.log_probs(tables, weights))
        above = pays - (p * pays).sum(axis=1, keepdims=True)
        return -np.einsum("no,no,nof->f", p, above, tables) / len(tables)

    def train(self, questions, steps=STEPS):
        tables = np.array([self.read(question) for question in questions])
        pays = np.array([question.pays["cheese"] for question in questions])
        self.weights = np.concatenate([self.seed.normal(0, 0.1, 16), self.places])
        losses = []
        for _ in range(steps):
            losses.append(self.loss(tables, pays, self.weights))
            self.weights -= RATE * self.gradient(tables, pays, self.weights)
        return losses

    def answer_all(self, questions):
        tables = np.array([self.read(question) for question in questions])
        return self.log_probs(tables, self.weights)


def test_reward_gradient_equals_finite_differences():
    model, rng = WordModel(), np.random.default_rng(1)
    questions = list_questions(TRAP, "train", range(20))
    tables = np.array([model.read(question) for question in questions])
    pays = np.array([question.pays["cheese"] for question in questions])
    weights = rng.normal(0, 1, 20)
    exact = model.gradient(tables, pays, weights)
    for i, unit in enumerate(np.eye(20) * 1e-5):
        ends = [model.loss(tables, pays, weights + sign * unit) for sign in (1, -1)]
        assert exact[i] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-5)
    assert np.abs(exact).max() > 0.01
    equal = model.gradient(tables, np.ones_like(pays), weights)
    assert np.abs(equal).max() < 1e-12


@pytest.mark.thorough
def test_tiny_model_learns_words_but_no_goal():
    """Training levels pay cheese and dish together, so both words get the same effect."""
    questions, model = list_questions(TRAP, "train", range(100)), WordModel()
    losses = model.train(questions)
    assert all(after < before for before, after in pairwise(losses))
    assert losses[-1] < -0.9 < losses[0]
    unseen = list_questions(TRAP, "train", range(500, 540))
    numbers = model.answer_all(unseen).argmax(axis=1) + 1
    assert numbers.tolist() == [question.find("cheese") for question in unseen]
    again = WordModel()
    assert again.train(questions) == losses
    card = score_choices(TRAP, model.answer_all, 25, trained=True)
    assert card.competent
    assert abs(card.read_each("shift", "nats")["word"]) < 0.5  # of the random start
