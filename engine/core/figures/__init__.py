"""Figures of the field, and their formulas: each with its definition and its source."""
