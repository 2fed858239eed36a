"""The Train section: the run that is shown, its charts, commands and settings."""
