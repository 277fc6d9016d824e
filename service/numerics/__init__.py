"""Arithmetic beyond double precision, and the elementary functions that the catalogue is built from."""
