"""The explorer: the page at `/`, which asks the public API like everybody else."""
