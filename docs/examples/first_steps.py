"""The first steps after `pip install .`: an environment is made and stepped, a frame is kept.

It takes gymnasium and numpy only, and leaves `first_steps.png` in the current folder.
"""

import gymnasium as gym

import mesa_gym
from mesa_gym.rendering import write_png

env = gym.make("MesaGym/RedBlueDoors-v0", split="shift", render_mode="rgb_array")
observation, info = env.reset(seed=0)
print("level", info["level"], "of split", info["split"], observation.shape, observation.dtype)
done = False
while not done:
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    done = terminated or truncated
print("the last step paid", mesa_gym.objectives(info))
frame = env.render()
assert frame.shape == (9 * 32, 9 * 32, 3)
write_png("first_steps.png", frame)
env.close()
