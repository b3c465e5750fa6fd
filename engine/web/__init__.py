"""The desk: the same functions as the command line's, as pages. It decides nothing."""
