"""Language models: who is asked and how, what an answer costs, and what is kept of it."""
