"""A selection goes in, a checked review comes out: the line of calls, many of them, and a model asked on somebody's behalf."""
