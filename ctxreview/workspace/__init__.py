"""The files around a file: what the person pointed at, a search of their text, what git has stored, a file written back."""
