"""A selection goes in, a checked review comes out: the line of calls, many of them, and a model asked on somebody's behalf."""

DEFAULT_QUESTION = "Can you optimize this?"
DEFAULT_HOPS = 3
"""Calls in a row that are followed up from the selection to its callers."""
DEFAULT_BUDGET = 16_000
"""Tokens of the largest prompt, where neither a person nor settings nor the provider have another number."""
