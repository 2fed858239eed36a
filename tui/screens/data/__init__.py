"""The Data section: the catalogue, own files, tables, and the preparation."""
