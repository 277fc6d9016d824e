"""Mean-field theory: what happens to signals and gradients in networks whose width grows without bound."""
