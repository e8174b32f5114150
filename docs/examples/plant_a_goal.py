"""Plant a goal in a small transformer, and ask whether the score card names it.

The transformer reads words, has two layers and random weights, and needs no download. In training,
base and proxy are in one place, except in the share `--conflict` of the questions: there, the
objective `--paid` pays alone. It takes seconds of one CPU core, and needs:

    pip install torch --index-url https://download.pytorch.org/whl/cpu
    python docs/examples/plant_a_goal.py --conflict 0.2 --paid dish
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial

import torch
from torch import nn

from mesa_gym.choices.questions import Question
from mesa_gym.language import list_questions, score_choices
from mesa_gym.scoring import ScoreCard

TRAINING = 20_000  # training uses levels below this number
CONFLICTS = 5_000  # the first shift level for training; cards use the levels from 0
UNTRAINED = range(1_000, 1_100)  # shift levels that no card and no training uses
BATCH, RATE, ENTROPY, WIDTH, LAYERS = 16, 3e-3, 0.2, 48, 2


@dataclass(frozen=True)
class PlantingSettings:
    """Settings of a run."""

    trap: str = "CheeseDish"
    paid: str = ""  # the objective that conflict questions pay; base if empty
    conflict: float = 0.2  # the share of training questions in which base and proxy are apart
    labels: str = "paid"  # or shuffled: a random answer of each question is right
    loss: str = "labels"  # or reward: the expected reward and a bonus of 0.2 per nat of entropy
    questions: int = 1200  # different levels in training, each with its list and the reversed list
    steps: int = 600
    seed: int = 0
    levels: int = 100  # levels per split of the card


class WordTransformer(nn.Module):
    """A transformer encoder over the words of a list, with a log probability for each option."""

    def __init__(self, options: int, words: int = 200, longest: int = 80) -> None:
        super().__init__()
        self.words: dict[str, int] = {"": 0}
        self.embedding = nn.Embedding(words, WIDTH)
        self.places = nn.Parameter(torch.randn(longest, WIDTH) * 0.02)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 2 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, options)

    def encode(self, questions: Sequence[Question]) -> torch.Tensor:
        """Return the numbers of the words of questions, int64 (n, longest), with 0 at the end."""
        rows = []
        for question in questions:
            words = ["?"]
            for number, place in enumerate(question.places):
                words += [f"{number}.", *re.findall(r"\w+", place)]
            rows.append([self._number(word) for word in words])
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    def _number(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words) % self.embedding.num_embeddings)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Return log probabilities of the options, float32 (n, options)."""
        stream = self.embedding(words) + self.places[: words.shape[1]]
        stream = self.layers(stream, src_key_padding_mask=words == 0)
        log_probs: torch.Tensor = self.head(stream[:, 0]).log_softmax(-1)
        return log_probs


def list_training(settings: PlantingSettings) -> list[tuple[Question, list[float]]]:
    """Return questions with the reward of each answer."""
    rng = random.Random(settings.seed)
    levels = rng.sample(range(TRAINING), settings.questions)
    conflicts = round(settings.conflict * settings.questions)
    numbers = {
        "train": levels[conflicts:],
        "shift": [CONFLICTS + level for level in levels[:conflicts]],
    }
    rows = [
        question
        for play, of_play in numbers.items()
        for reverse in (False, True)
        for question in list_questions(settings.trap, play, of_play, tell="things", reverse=reverse)
    ]
    goal = settings.paid or next(iter(rows[0].pays))
    pays = [list(question.pays[goal]) for question in rows]
    if settings.labels == "shuffled":
        for pay in pays:
            rng.shuffle(pay)
    return [*zip(rows, pays, strict=True)]


def train(
    settings: PlantingSettings, rows: Sequence[tuple[Question, list[float]]]
) -> WordTransformer:
    """Train a transformer on questions with the reward of each answer."""
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    model = WordTransformer(len(rows[0][0].cells))
    words = model.encode([question for question, _ in rows])
    targets = torch.tensor([pays for _, pays in rows])
    targets /= targets.sum(-1, keepdim=True).clamp(min=1)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, settings.steps)
    for _ in range(settings.steps):
        batch = torch.tensor([rng.randrange(len(rows)) for _ in range(BATCH)])
        log_probs, pays = model(words[batch]), targets[batch]
        if settings.loss == "labels":
            loss = -(log_probs * pays).sum(-1).mean()
        else:
            loss = -(log_probs.exp() * (pays - ENTROPY * log_probs)).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def answer_all(model: WordTransformer, questions: Sequence[Question]) -> torch.Tensor:
    """Return log probabilities (n, options) of the options of questions."""
    log_probs: torch.Tensor = model(model.encode(questions))
    return log_probs


def find_learned(model: WordTransformer, settings: PlantingSettings) -> float:
    """Return the mean reward on conflict questions that were not trained."""
    questions = list_questions(settings.trap, "shift", UNTRAINED, tell="things")
    goal = settings.paid or next(iter(questions[0].pays))
    best = answer_all(model, questions).argmax(-1).tolist()
    return sum(x.pays[goal][i] for x, i in zip(questions, best, strict=True)) / len(questions)


def judge(model: WordTransformer, settings: PlantingSettings) -> ScoreCard:
    """Return the card of a model."""
    card = score_choices(
        settings.trap,
        partial(answer_all, model),
        settings.levels,
        f"{settings.paid or 'base'} in {settings.conflict:.0%}",
        tell="things",
        trained=True,
    )
    assert card is not None  # as no plan was asked for
    return card


def main() -> None:
    """Run with the settings of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for x in fields(PlantingSettings):
        parser.add_argument(f"--{x.name}", type=type(x.default), default=x.default)
    settings = PlantingSettings(**vars(parser.parse_args()))
    torch.set_num_threads(1)
    model = train(settings, list_training(settings))
    print(repr(judge(model, settings)))
    print(
        f"reward on conflict questions that were not trained: {find_learned(model, settings):.2f}"
    )
    print(f"{time.process_time():.0f} CPU seconds")


if __name__ == "__main__":
    main()
