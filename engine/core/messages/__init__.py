"""A template and a decision become a message."""
