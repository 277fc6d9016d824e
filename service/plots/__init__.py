"""Pictures of functions, of gradient flow and of phases, from values of the service; they know nothing of HTTP."""
