"""What is computed: laws, accuracy, and other implementations."""
