"""How each editor is set up: the files that are its own, what belongs in them, and how that is added to what is there already."""
