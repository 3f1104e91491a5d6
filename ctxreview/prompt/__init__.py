"""What a model is asked and what it answers: the finished prompt, the checklist, the parsed reply."""
