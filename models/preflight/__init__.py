"""What would fail in a training, and what could not learn, said before it starts."""
