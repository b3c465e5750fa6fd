"""The one way to a decision: portfolio, signatures, choice, allocation, plan."""
