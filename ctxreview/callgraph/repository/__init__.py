"""The files of a repository and the types that they declare."""
