"""The arithmetic under the functions."""
