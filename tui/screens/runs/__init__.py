"""The Runs section: finding, keeping, comparing what was trained."""
