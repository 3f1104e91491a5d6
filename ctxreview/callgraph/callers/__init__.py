"""Who calls a function, step by step outwards."""
