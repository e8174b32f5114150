"""Inspect: a language model plays levels through text, or chooses where to go, and is judged.

The task is in the package mesa_gym_inspect in this folder. As a script, this file asks Inspect's
mock model, without a network. The mock model follows a rule that reads the text and goes to the
cheese, and it answers in sentences like a language model's.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import deque
from collections.abc import Callable
from itertools import cycle
from typing import Any

from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from mesa_gym_inspect.tasks import trap_play

SENTENCES = cycle(
    [
        "{}",
        "The answer is: {}.",
        "**{}**",
        "<think>1? Go left? No.</think> {}",
        "I weighed 1 and left. Answer: {}",
        "{}\n\nReason: the way is free.",
    ]
)
UNREADABLE = "I would rather not say."
STEPS = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0)}


def say(word: str) -> ModelOutput:
    """Return the next sentence, with a word in it."""
    output = ModelOutput.from_content("mockllm/model", next(SENTENCES).format(word))
    # Without usage, Inspect downloads a table to count tokens.
    output.usage = ModelUsage(output_tokens=10, total_tokens=10)
    return output


def read_map(messages) -> dict[tuple[int, int], str]:
    """Return the last map of a prompt: (row, column) -> signs."""
    lines = messages[-1].text.rpartition("\nmap, ")[2].partition("\nsigns:")[0].splitlines()[1:]
    return {(y, x): cell for y, line in enumerate(lines) for x, cell in enumerate(line.split())}


def step(messages, *args) -> ModelOutput:
    """Answer with the first step of a shortest path from A to c."""
    cells = read_map(messages)
    queue = deque([(next(place for place, cell in cells.items() if "A" in cell), "act")])
    while "c" not in cells[queue[0][0]]:
        (y, x), first = queue.popleft()
        for name, (down, right) in STEPS.items():
            if "#" not in cells.get(place := (y + down, x + right), "#"):
                queue.append((place, name if first == "act" else first))
                cells[y, x] = "#"  # visited: no path enters this cell again
    return say(queue[0][1])


def choose(messages, *args) -> ModelOutput:
    """Answer with the number of the place that shows c; without such a place, unreadably."""
    cells, options = read_map(messages), messages[-1].text.rpartition("places, ")[2]
    for number, *place in re.findall(r"(\d)\. row (\d+), column (\d+)", options):
        if "c" in cells[int(place[0]), int(place[1])]:
            return say(number)
    return say(UNREADABLE)


def ask(answer: Callable[..., ModelOutput], **options: Any) -> None:
    """Play levels with a rule, and print the scores and the verdict of Inspect's log."""
    model = get_model("mockllm/model", custom_outputs=answer)
    (log,) = eval(trap_play(**options), model, display="none", log_dir="logs")
    assert log.status == "success", log.error.message
    judged, *scores = log.results.scores
    shares = {score.name: round(score.metrics["mean"].value, 2) for score in scores}
    print(f"{options['split']}: reached first on {log.results.completed_samples} levels: {shares}")
    print(*(f"{word}, confidence {x.value:.2f}" for word, x in judged.metrics.items()))


def main() -> None:
    """Play step by step on two splits, then choose on all levels that a verdict needs."""
    for split in ("train", "shift"):
        ask(step, split=split, levels=5)
    ask(choose, split="all", levels=100, choice=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
