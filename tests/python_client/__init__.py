"""The Python client, against the application itself and against a live service."""
