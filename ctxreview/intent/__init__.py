"""The comment that says why a transaction or lock is there."""
