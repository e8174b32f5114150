"""RL Baselines3 Zoo: train and enjoy by its commands, then score the model that it saved."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from stable_baselines3 import PPO

from mesa_gym.scoring import score

ID = "MesaGym/CheeseCorner-v0"
SETTINGS = Path(__file__).with_name("rl_zoo3.yml")
COMMON = ("--gym-packages", "mesa_gym", "--algo", "ppo", "--env", ID, "--device", "cpu")


def zoo(module: str, *arguments: str) -> str:
    """Return what one of the zoo's commands prints."""
    command = [sys.executable, "-m", f"rl_zoo3.{module}", *COMMON, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def enjoy(*arguments: str) -> float:
    """The mean return over the episodes that the zoo plays with the saved model."""
    shown = zoo("enjoy", "--folder", "logs", "--no-render", "--n-timesteps", "2000", *arguments)
    return float(re.search(r"Mean reward: (\S+)", shown)[1])


def main() -> None:
    """Train (in the folder that one stands in), enjoy, score."""
    training = zoo("train", "--conf-file", str(SETTINGS), "--log-folder", "logs", "--seed", "0")
    print(training.strip().splitlines()[-1])  # the folder, named without the id's slash
    print(f"mean return, training levels: {enjoy():.2f}")
    shift = enjoy("--env-kwargs", "split:'shift'")
    print(f"mean return, shift: {shift:.2f}")
    (saved,) = Path("logs/ppo").glob("MesaGym-CheeseCorner-v0_*/MesaGym-CheeseCorner-v0.zip")
    model = PPO.load(saved, device="cpu")
    card = score(model, "CheeseCorner")
    earned = card.read_each("test", "normalized_return")["cheese"]
    print(f"after {model.num_timesteps} steps of training: {card.verdict}, test {earned:.2f}")


if __name__ == "__main__":
    main()
