"""Dunwell turns overdue accounts back into good customers."""

__version__ = "0.1.0"
