"""Whether SQL in a string literal may be sent to a database, or is only told to people: logged, thrown, compared, shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ctxreview.languages import Language, nodes, parents
from ctxreview.model.facts import Fact
from ctxreview.model.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node


def is_sent(literal: Node, found: Fact, language: Language, source: Source) -> bool:
    """Whether a literal with the SQL ``found`` goes to what can send it, or may be SQL by its whole shape."""
    words, syntax = language.texts, language.syntax
    made = syntax.calls | syntax.creations | syntax.implicit_creations
    for around in parents.ancestors(literal):
        kind = around.type
        if kind in syntax.text_tests and not _is_query_mark(around, language):
            return False
        if kind in syntax.binaries:
            operator = syntax.operator(around)
            if operator is not None and operator.text in (b"==", b"!="):
                return False
        if kind in made:
            name = syntax.call_name(around) or syntax.simple_name(syntax.type(around))
            on = syntax.simple_name(syntax.receiver(around)) if kind in syntax.calls else ""
            if re.search(words.tells, name) or re.search(words.told_by, on):
                return False
            if re.search(words.sends, name):
                return True
            if not re.search(words.composes, name):
                if parents.kind(around) in syntax.throws:
                    return False
                break
        elif kind in syntax.text_targets:
            name = syntax.simple_name(syntax.left(around) or syntax.name(around))
            if re.search(words.sends, name):
                return True
            if re.search(words.message, name):
                return False
            break
        elif kind in syntax.throws:
            return False
        elif kind not in syntax.text_parts:
            break
    follows = next((sql["follows"] for sql in language.sql if sql["name"] == found.name and "follows" in sql), None)
    return follows is None or _is_sql(source.text(nodes.span(literal)), found.sql, follows)


def _is_query_mark(node: Node, language: Language) -> bool:
    """Whether a text is given to an attribute that holds SQL."""
    syntax = language.syntax
    mark = next((p for p in parents.ancestors(node) if p.type in syntax.attributes), None)
    return mark is not None and re.search(language.texts.sends, syntax.simple_name(syntax.name(mark))) is not None


def _is_sql(text: str, found: str, follows: str) -> bool:
    """Whether a text is not a sentence: SQL writes its words all in capitals or all without, and goes on as SQL does."""
    words = re.findall(r"[A-Za-z]{2,}", found)
    alike = all(w.isupper() for w in words) or all(w.islower() for w in words)
    return alike and re.match(follows, text.partition(found)[2]) is not None
