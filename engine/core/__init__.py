"""The pure part: values in, values and problems out. Nothing here reads a file, a clock, a network or a setting."""
