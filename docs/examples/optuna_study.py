"""Optuna: settings of PPO are chosen by competence on `test` alone; hopeless trials are pruned.

The verdict is of the shift: a study that looks at it has met the shift, and must say so.
"""

from __future__ import annotations

import optuna
import torch

from mesa_gym.sb3 import ScoreCallback, ppo

TRIALS, PARTS, STEPS = 8, 3, 16_384


def objective(trial: optuna.Trial) -> float:
    """Return the share of `test` levels that an agent of these settings solves."""
    model = ppo(
        "CheeseCorner",
        n_envs=64,
        seed=trial.number,
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
        ent_coef=trial.suggest_float("ent_coef", 1e-3, 1e-1, log=True),
    )
    solved = 0.0
    for part in range(PARTS):
        scores = ScoreCallback(levels=50)  # at the end of each part
        model.learn(STEPS, callback=scores, reset_num_timesteps=part == 0)
        solved = max(scores.cards.items())[1].read_number("test", "arrival")
        trial.report(solved, part)
        if trial.should_prune():
            raise optuna.TrialPruned
    return solved


def main() -> None:
    """Study a few settings, and say what was found."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=0),
    )
    study.optimize(objective, n_trials=TRIALS)
    pruned = sum(trial.state is optuna.trial.TrialState.PRUNED for trial in study.trials)
    values = sorted(trial.value for trial in study.trials if trial.value is not None)
    print(f"{TRIALS} trials, {pruned} pruned, solved {values[0]:.2f} to {values[-1]:.2f}")


if __name__ == "__main__":
    main()
