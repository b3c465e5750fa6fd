"""What a person sees in a terminal: problems, previews, explanations, results. Nothing is decided here."""
