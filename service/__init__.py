"""Actiscope: a scope for activation functions and gradients."""
