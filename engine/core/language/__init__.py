"""The policy language: what the files may say, and what each word means."""
