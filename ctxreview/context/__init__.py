"""What a model has to see of a selection, within the budget."""
