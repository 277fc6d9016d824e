"""Gradient flow: how signals and gradients travel through a network, what is wrong with it, and what mends it."""
