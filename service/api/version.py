"""The version of the service, which is that of its contract."""

VERSION = "0.1.0"
