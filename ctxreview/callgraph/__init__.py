"""callgraph."""
