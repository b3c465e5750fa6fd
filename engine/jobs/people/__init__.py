"""Who works here and what they may do: kept in the database, begun with what `dunwell.toml` says."""
