"""Calls, promises, plans, disputes and holds: what each means, and what follows."""
