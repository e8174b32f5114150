"""The viewer: watch, play, rewind and compare rollouts. It steps the traps, and knows no rule."""
