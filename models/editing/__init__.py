"""Changes of a model as functions of experiments, and what suggests them."""
