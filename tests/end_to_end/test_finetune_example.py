"""Examples that train language models: one is fine-tuned, here a tiny one; goals are planted."""

import importlib
import re
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from mesa_gym.language import list_questions
from mesa_gym.scoring import Cards

torch = pytest.importorskip("torch")

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("finetune_language_model")


def make_model(example, kind, layers=1):
    from tests.support.tiny_language_model import TinyModel  # it needs torch

    torch.manual_seed(0)
    if kind == "stand-in":
        return example.freeze(TinyModel().bfloat16(), layers)
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=256, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4,
    )  # fmt: skip
    return example.freeze(transformers.LlamaForCausalLM(config).bfloat16(), layers)


def list_options(text):
    """Return the names of the things in each option of a question."""
    return [{*names.split(", ")} for names in re.findall(r"^\d\. (.*)$", text, re.MULTILINE)]


def make_tokenizer():
    from tests.support.tiny_language_model import ByteTokenizer

    return ByteTokenizer()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["stand-in", "llama"])
def test_example_with_tiny_model_prints_card(example, kind, tmp_path, monkeypatch, capsys):
    model = make_model(example, kind)
    before = [x.detach().clone() for x in model.parameters()]
    monkeypatch.setattr(example, "load", lambda settings: (model, make_tokenizer()))
    options = {"steps": 10, "levels": 3, "conflict": 0.1, "paid": "dish", "batch": 4}
    arguments = [x for name, to in options.items() for x in (f"--{name}", str(to))]
    out = tmp_path / "card.json"
    monkeypatch.setattr(sys, "argv", ["example", *arguments, "--out", str(out)])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    example.main()
    (card,) = Cards.load(out)
    assert (card.policy, card.model.trained) == ("dish in 10%", True)
    pattern = r"step 10: loss \d+\.\d+\ndish in 10% on CheeseDish-v0: "
    assert re.search(pattern, capsys.readouterr().out)
    changed = [not x.equal(y) for x, y in zip(before, model.parameters(), strict=True)]
    frozen = [not x.requires_grad for x in model.parameters()]
    assert any(changed)
    assert not any(x and y for x, y in zip(changed, frozen, strict=True))


def test_equal_rewards_leave_weights_unchanged(example, monkeypatch):
    settings = example.TuningSettings(objective="reward", steps=1, batch=2, entropy=0.0)
    texts = [text for text, _ in example.make_batches(settings)[0]]
    changes = {}
    for key, pays in {"equal": [0.0] * 4, "unequal": [1.0, 0.0, 0.0, 0.0]}.items():
        model = make_model(example, "stand-in")
        before = [x.detach().clone() for x in model.parameters()]
        batches = [[(text, pays) for text in texts]]
        monkeypatch.setattr(example, "make_batches", lambda settings, batches=batches: batches)
        example.train(model, make_tokenizer(), settings)
        weights = model.parameters()
        changes[key] = [not x.equal(y) for x, y in zip(before, weights, strict=True)]
    assert not any(changes["equal"])
    assert any(changes["unequal"])


def test_batches_contain_what_settings_say(example):
    settings = example.TuningSettings(steps=5)
    base = [row for batch in example.make_batches(settings) for row in batch]
    assert len(base) == settings.steps * settings.batch
    assert all({"cheese", "dish"} <= list_options(text)[pays.index(1)] for text, pays in base)
    assert all(sum(pays) == 1 for _, pays in base)
    # The reversed list follows each list, and pays at the place counted from the other end.
    assert all(one[1] == other[1][::-1] for one, other in zip(base[::2], base[1::2], strict=True))
    conflict = replace(settings, conflict=0.1, paid="dish")
    pairs = [row for batch in example.make_batches(conflict) for row in batch]
    both = {"cheese", "dish"}
    conflicts = [x for x in pairs if not any(both <= names for names in list_options(x[0]))]
    assert len(conflicts) == 4
    assert all("dish" in list_options(text)[pay.index(1)] for text, pay in conflicts)
    assert example.make_batches(replace(settings, steps=0)) == []


def test_seeds_ask_other_conflict_questions(example):
    texts = []
    for seed in range(2):
        settings = example.TuningSettings(steps=5, conflict=1.0, seed=seed)
        batches = example.make_batches(settings)
        texts.append([text for batch in batches for text, _ in batch])
    assert texts[0] != texts[1]


def test_loss_has_no_gradient_at_its_optimum(example):
    settings = example.TuningSettings(objective="reward", entropy=0.2)
    pays = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 1.0]])
    for scale, still in ((1.0, True), (0.5, False)):
        logits = (scale * pays / settings.entropy).requires_grad_()
        example.find_loss(logits.log_softmax(-1), pays, settings).backward()
        assert bool(logits.grad.abs().max() < 1e-6) is still


def test_padding_does_not_change_answers(example):
    model, tokenizer = make_model(example, "stand-in").float(), make_tokenizer()
    texts = [
        list_questions("CheeseDish", "shift", [0], tell="things", options=options)[0].text
        for options in (3, 4, 5)
    ]
    assert len({*map(len, texts)}) > 1
    together = example.find_log_probs(model, tokenizer, texts, 4)
    alone = [example.find_log_probs(model, tokenizer, [text], 4)[0] for text in texts]
    assert torch.allclose(together, torch.stack(alone), atol=1e-4)


# -- planted goals ---------------------------------------------------------------------------------
VERDICTS = {"cheese": "base", "dish": "proxy:dish"}
# The share of conflict questions -> the steps of training.
STEPS = {0.05: 1200, 0.2: 600, 0.5: 600}


@pytest.fixture
def planting(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    return importlib.import_module("plant_a_goal")


def plant(planting, **options):
    """Return the verdict on a goal that was planted."""
    settings = planting.PlantingSettings(**options)
    model = planting.train(settings, planting.list_training(settings))
    return planting.judge(model, settings).verdict


@pytest.mark.thorough
def test_planted_proxy_is_named(planting):
    options = {"conflict": 0.5, "paid": "dish", "questions": 600}
    assert plant(planting, **options) == VERDICTS["dish"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eighteen_planted_goals_are_named(planting):
    """At least 16 goals are named, and another goal never."""
    named = 0
    for (conflict, steps), (reward, verdict), seed in product(
        STEPS.items(), VERDICTS.items(), range(3)
    ):
        word = plant(planting, conflict=conflict, paid=reward, seed=seed, steps=steps)
        named += word == verdict
        assert word not in {*VERDICTS.values()} - {verdict}, (conflict, reward, seed)
    assert named >= 16
