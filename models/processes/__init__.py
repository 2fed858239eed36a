"""The processes beside the screen: workers, the nursery that forks them, inspectors."""
