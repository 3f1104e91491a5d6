"""C#: what its nodes and names mean, and the mending of what its grammar cannot read."""
