"""The notebooks of examples/, executed."""
