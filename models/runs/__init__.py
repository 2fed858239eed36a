"""Runs on disk: records, logs, histories, signs of life; found, compared and packed."""
