"""What the rest of the repository says: callers, wrappers, shared locks and state."""
