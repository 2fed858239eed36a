"""Studies: several runs from one experiment, and what they say together."""
