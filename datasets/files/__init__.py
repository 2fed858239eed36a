"""The user's own files: looked into, remembered as a recipe, read."""
