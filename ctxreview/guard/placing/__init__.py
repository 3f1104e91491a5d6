"""A chat's answer to edits: placed for certain or not at all."""
