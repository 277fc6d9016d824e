"""What an operator sees of the service: counts, log lines and traces."""
