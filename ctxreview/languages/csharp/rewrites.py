"""What the grammar cannot read in valid C#, and the same-length text that it can.

Each rewrite is a small function from :class:`Code` to edits. It matches only what the grammar fails on, keeps
every function, statement and name where it is, and changes no line end. Literals are touched by
:mod:`texts` alone, and comments by none.
"""

from __future__ import annotations

from collections.abc import Mapping

from ctxreview.languages.csharp import marks, texts, words
from ctxreview.languages.csharp.editing import Rewrite
from ctxreview.languages.csharp.lex import Code

REWRITES: Mapping[str, Rewrite] = {
    "async-identifier": words.async_identifier,
    "contextual-identifier": words.contextual_identifier,
    "foreign-word": words.foreign_word,
    "attribute-target": words.attribute_target,
    "discarded-range": words.discarded_range,
    "ref-partial": words.ref_partial,
    "allows-ref-struct": words.allows_ref_struct,
    "scoped-params": words.scoped_params,
    "lambda-modifier": words.lambda_modifier,
    "extension-block": words.extension_block,
    "union-declaration": words.union_declaration,
    "closed-class": words.closed_class,
    "safe-member": words.safe_member,
    "labelled-jump": words.labelled_jump,
    "null-conditional-assignment": marks.null_conditional_assignment,
    "compound-operator": marks.compound_operator,
    "dereference": marks.dereference,
    "stray-semicolon": marks.stray_semicolon,
    "list-pattern": marks.list_pattern,
    "checked-pattern": marks.checked_pattern,
    "assigned-call": marks.assigned_call,
    "directive": texts.directive,
    "interpolated-text": texts.interpolated_text,
}
"""The rewrites by name, in the order in which they are applied."""

LAST_REWRITES: Mapping[str, Rewrite] = {
    **REWRITES,
    "directive": texts.every_directive,
    "literal-text": texts.literal_text,
}
"""For what is still broken then: no directive is left, and of literals only the delimiters."""


def rewritten(code: Code, rewrites: Mapping[str, Rewrite]) -> tuple[bytes, tuple[str, ...]]:
    """The data of ``code`` with ``rewrites`` applied, and the names of those that changed something."""
    data, used = bytearray(code.data), []
    for name, rewrite in rewrites.items():
        for at, replacement in rewrite(code):
            data[at : at + len(replacement)] = replacement
            if name not in used:
                used.append(name)
    return bytes(data), tuple(used)
