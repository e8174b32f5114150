"""Trained agents of this project: what loads and plays them; torch and safetensors are an extra.

``agents``, in a checkout, trains them. Importing this package does not import torch.
"""

from mesa_gym.trained.library import load

__all__ = ["load"]
