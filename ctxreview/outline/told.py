"""Whether SQL in a string literal may be sent to a database, or is only told to people: logged, thrown, compared, shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ctxreview.languages import Language, parents
from ctxreview.model.facts import Fact
from ctxreview.model.source import Source
from ctxreview.outline import syntax as nodes

if TYPE_CHECKING:
    from tree_sitter import Node

_PARTS = frozenset(
    {"argument", "argument_list", "parenthesized_expression", "binary_expression", "conditional_expression",
     "interpolation", "interpolated_string_expression", "cast_expression", "postfix_unary_expression",
     "member_access_expression", "await_expression", "initializer_expression", "collection_expression",
     "switch_expression", "switch_expression_arm", "array_creation_expression", "implicit_array_creation_expression"}
)  # fmt: skip
"""What a text may be a part of before it goes somewhere."""
_COMPARED = frozenset({"constant_pattern", "case_switch_label", "or_pattern", "negated_pattern", "attribute_argument"})


def is_sent(literal: Node, found: Fact, language: Language, source: Source) -> bool:
    """Whether a literal with the SQL ``found`` goes to what can send it, or may be SQL by its whole shape."""
    words = language.texts
    for around in parents.ancestors(literal):
        kind = around.type
        if kind in _COMPARED and not _is_query_mark(around, words):
            return False
        if kind == "binary_expression":
            operator = around.child_by_field_name("operator")
            if operator is not None and operator.text in (b"==", b"!="):
                return False
        if kind in ("invocation_expression", "object_creation_expression", "implicit_object_creation_expression"):
            name = nodes.call_name(around) or nodes.simple_name(around.child_by_field_name("type"))
            on = nodes.simple_name(nodes.receiver(around)) if kind == "invocation_expression" else ""
            if re.search(words["tells"], name) or re.search(words["told_by"], on):
                return False
            if re.search(words["sends"], name):
                return True
            if not re.search(words["composes"], name):
                if (parents.kind(around) or "").startswith("throw"):
                    return False
                break
        elif kind in ("variable_declarator", "assignment_expression", "property_declaration", "parameter"):
            name = nodes.simple_name(around.child_by_field_name("left") or around.child_by_field_name("name"))
            if re.search(words["sends"], name):
                return True
            if re.search(words["message"], name):
                return False
            break
        elif kind in ("throw_statement", "throw_expression"):
            return False
        elif kind not in _PARTS:
            break
    follows = next((sql["follows"] for sql in language.sql if sql["name"] == found.name and "follows" in sql), None)
    return follows is None or _is_sql(source.text(nodes.span(literal)), found.detail, follows)


def _is_query_mark(node: Node, words: Mapping[str, str]) -> bool:
    """Whether a text is given to an attribute that holds SQL."""
    mark = next((p for p in parents.ancestors(node) if p.type == "attribute"), None)
    return (
        mark is not None and re.search(words["sends"], nodes.simple_name(mark.child_by_field_name("name"))) is not None
    )


def _is_sql(text: str, found: str, follows: str) -> bool:
    """Whether a text is no sentence: SQL writes its words all in capitals or all without, and goes on as SQL does."""
    words = re.findall(r"[A-Za-z]{2,}", found)
    alike = all(w.isupper() for w in words) or all(w.islower() for w in words)
    return alike and re.match(follows, text.partition(found)[2]) is not None
