"""Trust in a policy before it is live."""
