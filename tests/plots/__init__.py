"""Pictures and the values in them."""
