"""``python -m mesa_gym.scoring``: write the published JSON Schema of score cards again."""

from __future__ import annotations

from mesa_gym.files import write_json
from mesa_gym.scoring.card import SCHEMA_FILE, ScoreCard

if __name__ == "__main__":
    write_json(SCHEMA_FILE, ScoreCard.json_schema())
    print(SCHEMA_FILE)
