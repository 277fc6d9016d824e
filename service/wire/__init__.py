"""What travels: JSON, arrays as nested lists, and the requests and answers made of them."""
