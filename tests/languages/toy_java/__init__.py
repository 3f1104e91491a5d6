"""Java in a hundred lines: enough to prove that a language is data and small hooks, and no more than that."""
