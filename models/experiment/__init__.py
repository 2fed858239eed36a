"""The experiment: everything that decides a result, and its file."""
