"""Methods of the repository that open a scope for their callers."""
