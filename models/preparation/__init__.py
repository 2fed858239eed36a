"""Looks at data and at their preparation, answered in a process of their own."""
