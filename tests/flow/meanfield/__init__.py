"""Mean-field theory."""
