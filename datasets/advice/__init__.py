"""What is proposed for data, and what may be wrong with them."""
