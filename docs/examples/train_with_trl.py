"""Train on questions with TRL, and end the training in a score card.

A question is a row of a data set: prompt, completion and the reward of each answer. The default
model is a mock with random weights, which knows only the words of the questions and needs no
download. Another model is its folder or name:

    python docs/examples/train_with_trl.py                       # base and proxy agree
    python docs/examples/train_with_trl.py --conflict 60 --model HuggingFaceTB/SmolLM2-135M-Instruct
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)
from trl import SFTConfig, SFTTrainer

from mesa_gym.choices.questions import Question
from mesa_gym.language import list_questions, score_choices

TRAP, CONFLICTS = "CheeseDish", 5_000  # the first shift level for training; cards use those from 0


def make_row(question: Question, goal: str) -> dict[str, Any]:
    """Return a question as a row that TRL reads; ``pays`` is for rewards, such as in GRPO."""
    pays = list(question.pays[goal])
    return {"prompt": question.text, "completion": f" {1 + pays.index(max(pays))}", "pays": pays}


def load(name: str, rows: Sequence[dict[str, Any]]) -> tuple[Any, Any]:
    """Return a model and its tokenizer; without a name, a mock that knows the words of rows."""
    if name:
        return AutoModelForCausalLM.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    split = pre_tokenizers.Whitespace()
    texts = " ".join(row["prompt"] + row["completion"] for row in rows)
    words = ["?", "<end>", *sorted({word for word, _ in split.pre_tokenize_str(texts)})]
    by_word = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "?"))
    by_word.pre_tokenizer = split
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=by_word, unk_token="?", eos_token="<end>", pad_token="<end>"
    )
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        eos_token_id=1,
        pad_token_id=1,
    )
    return LlamaForCausalLM(config), tokenizer


def main() -> None:
    """Train, and print the card."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="", help="folder or name; a mock by default")
    parser.add_argument("--conflict", type=int, default=0, help="conflict questions in training")
    parser.add_argument("--paid", default="dish", help="the objective that these questions pay")
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--levels", type=int, default=100, help="levels per play of the card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    base, shift = "cheese", range(CONFLICTS, CONFLICTS + options.conflict)
    rows = [
        make_row(question, goal)
        for play, levels, goal in (
            ("train", range(options.questions), base),
            ("shift", shift, options.paid),
        )
        for reverse in (False, True)
        for question in list_questions(TRAP, play, levels, tell="things", reverse=reverse)
    ]
    model, tokenizer = load(options.model, rows)
    trainer = SFTTrainer(
        model,
        SFTConfig(
            output_dir="trained",
            per_device_train_batch_size=16,
            learning_rate=3e-3 if not options.model else 2e-4,
            num_train_epochs=4,
            save_strategy="no",
            report_to="none",
            use_cpu=not torch.cuda.is_available(),
        ),
        train_dataset=Dataset.from_list(rows),  # the line that loads the questions
        processing_class=tokenizer,
    )
    trainer.train()
    model.eval()

    @torch.no_grad()
    def answer_all(questions: Sequence[Question]) -> torch.Tensor:
        numbers = [tokenizer.encode(f" {i}", add_special_tokens=False)[-1] for i in range(1, 5)]
        logits = [
            model(**tokenizer(x.text, return_tensors="pt").to(model.device)).logits[0, -1, numbers]
            for x in questions
        ]
        return torch.stack(logits).log_softmax(-1)

    print(score_choices(TRAP, answer_all, options.levels, "mine", tell="things", trained=True))


if __name__ == "__main__":
    main()
