"""Servers for editors and agents: leaves beside the command line, which call what the library calls."""
