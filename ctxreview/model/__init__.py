"""The values that flow through ctxreview: frozen, small, standard library only.

Named tuples, and not dataclasses, because each dataclass costs 0.4 ms at every start and a named tuple a seventh of that; only
the two that cache what they derive are dataclasses. Annotations are evaluated here (no ``from __future__``): as strings, each
would be compiled once more.
"""
