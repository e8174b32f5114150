"""Colours as people see them: contrast, and defects of sight."""

import numpy as np

# On linear RGB. Greyscale: ITU-R BT.709, section 3. The others: severity 1 in Machado, Oliveira and
# Fernandes 2009, A Physiologically-based Model for Simulation of Color Vision Deficiency, table 1.
SIGHTS = {
    "all": [1, 0, 0, 0, 1, 0, 0, 0, 1],
    "greyscale": [0.2126, 0.7152, 0.0722] * 3,
    "protanopia": [0.1523, 1.0526, -0.2049, 0.1145, 0.7863, 0.0992, -0.0039, -0.0481, 1.0520],
    "deuteranopia": [0.3673, 0.8607, -0.2280, 0.2801, 0.6725, 0.0474, -0.0118, 0.0429, 0.9689],
    "tritanopia": [1.2555, -0.0767, -0.1788, -0.0784, 0.9308, 0.1476, 0.0047, 0.6914, 0.3039],
}


def to_linear(colours, sight="all"):
    """Return colours of 0 to 255, (..., 3), in linear RGB of 0 to 1 as a sight has them."""
    share = np.asarray(colours) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.clip(linear @ np.reshape(SIGHTS[sight], (3, 3)).T, 0, 1)


def contrast(a, b):
    """Return the contrast ratio of two colours by WCAG 2.1."""
    dark, light = sorted(float(to_linear(colour) @ SIGHTS["greyscale"][:3]) for colour in (a, b))
    return (light + 0.05) / (dark + 0.05)
