"""HTTP below the application: connections, their limits, and how the service starts and ends."""
