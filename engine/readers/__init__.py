"""Ledgers in: exports become rows, each with its place, and problems."""
