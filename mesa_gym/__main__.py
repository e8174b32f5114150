"""``python -m mesa_gym``: the command ``mesa-gym``."""

import sys

from mesa_gym.cli import main

sys.exit(main())
