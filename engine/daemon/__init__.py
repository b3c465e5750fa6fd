"""The service: it works by itself, on time and once, and says how it is."""
