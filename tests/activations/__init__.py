"""The catalogue: what it says of every function, held against the function itself."""
