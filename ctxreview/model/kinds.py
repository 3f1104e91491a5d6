"""The words that a value may be: certainty, verdicts, severities, kinds of declarations, regions and facts, roles of excerpts."""

from typing import Literal

Certainty = Literal["syntactic", "resolved", "assumed"]
Verdict = Literal["in-scope", "no-scope-found", "cannot-tell"]
GuardVerdict = Literal["conflicts", "needs-human", "no-known-conflict"]
Severity = Literal["high", "medium", "low", "note"]
Answer = Literal["yes", "no", "cannot-tell"]
Confidence = Literal["high", "medium", "low"]
FunctionKind = Literal[
    "method", "constructor", "finalizer", "operator", "conversion operator", "property", "indexer", "accessor",
    "local function", "lambda", "top-level statements",
]  # fmt: skip
TypeKind = Literal["class", "struct", "record", "interface", "enum", "extension block"]
MemberKind = Literal["field", "property", "indexer", "event"]
RegionKind = Literal["transaction", "lock"]
Form = Literal["block", "declaration", "acquire-release", "callback", "attribute", "sql", "returned", "caller"]
"""How source writes a region: with a block, to the end of one, as a pair of calls; ``caller`` is one that a caller holds."""
End = Literal["here", "method", "elsewhere", "later", "never"]
"""Where a region is begun or ended: in its own function, by a method that this calls, in another function, by a function that
is in it and may run later, or nowhere."""
Mode = Literal["", "exclusive", "shared", "upgradeable", "requires new", "suppressed", "retried"]
FactKind = Literal[
    "read", "write", "save", "await", "exit", "io", "spawn", "tracking", "fence", "sql-hint", "complete", "token",
]  # fmt: skip
StateKind = Literal["field", "property", "event", "parameter", "backing field"]
Effect = Literal[FactKind, "ignore", ""]
"""What the catalogue says of a call: nothing, or that it is to be passed over, where it is not a fact."""
Role = Literal["function", "scope", "type-header", "field", "member", "signatures", "caller", "same-lock", "callee"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "note")
"""Worst first."""
GUARD_VERDICTS: tuple[GuardVerdict, ...] = ("conflicts", "needs-human", "no-known-conflict")
"""Worst first."""

CHAT = "chat"
"""The provider's name of a reply that somebody brought from a chat: nobody was asked."""
