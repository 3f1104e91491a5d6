"""The words that a value may be: certainty, verdicts, severities, kinds of scopes and roles of excerpts."""

from typing import Literal

Certainty = Literal["syntactic", "resolved", "assumed"]
Verdict = Literal["in-scope", "no-scope-found", "cannot-tell"]
GuardVerdict = Literal["conflicts", "needs-human", "no-known-conflict"]
Severity = Literal["high", "medium", "low", "note"]
Answer = Literal["yes", "no", "cannot-tell"]
ScopeKind = Literal["function", "transaction", "lock", "type"]
Role = Literal["function", "scope", "type-header", "field", "member", "signatures", "caller", "same-lock", "callee"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "note")
"""Worst first."""
