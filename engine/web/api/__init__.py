"""The desk for programs: the same verbs as JSON, each behind a token and its scope. It knows no cookie and no form."""
