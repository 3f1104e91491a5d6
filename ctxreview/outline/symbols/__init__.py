"""What a name stands for: types, signatures, and the places that use it."""
