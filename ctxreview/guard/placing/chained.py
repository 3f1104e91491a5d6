"""A call that prose adds to a chain of calls, and a call or statement that it takes out: where one place only can be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ctxreview.guard.placing.candidates import function_of, lines_said, only
from ctxreview.guard.placing.edits import put
from ctxreview.guard.placing.elisions import squeezed
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.guard.placing.unwrapping import scopes_like, without
from ctxreview.languages import language_of
from ctxreview.languages.behaviour import Behaviour, behaviour_of
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span
from ctxreview.outline.call_chains import Chain, Link, call_chains
from ctxreview.outline.statement_lists import statement_lists
from ctxreview.outline.symbols.types import Queries, queries


def added(code: str, where: str, at: str, context: Context) -> Edit:
    """The edit that puts a call into the one chain that can be meant.

    ``where`` is ``after`` or ``before`` the call or source ``at``, ``to`` or ``on`` the chain that has it, or ``""`` for the one query.
    Raises :class:`UnplacedError` where there is no such place, or another one.
    """
    source, known = context.selection.source, _Known(context)
    call, name = code.lstrip("."), _name(code)
    if "(" not in call:
        if name not in known.about.operators:
            raise UnplacedError(f"It does not say whether `{code}` is a call, or on what.", Instead.CODE)
        call = f"{call}()"
    elif not code.startswith(".") and not known.is_operator(name):
        raise UnplacedError(f"It does not say whether `{code}` is a statement or a call on something.", Instead.CODE)
    chains = call_chains(source, known.within)
    if where in ("after", "before"):
        chain, n = only(
            known.places(chains.calls, at),
            f"`{at}`",
            context,
            lambda p: p[0].links[p[1]].span if p[1] >= 0 else p[0].root,
        )
        n = n if where == "after" else n - 1
        if where == "after" and known.is_of_queries(name) and known.is_read(chain, n):
            n = known.place(chain, name)
        if where == "before" and n < -1:
            raise UnplacedError(f"Nothing can be called before `{at}`, which begins its chain.", Instead.CODE)
    else:
        if chains.queries:
            raise UnplacedError("There is a query that is not a chain of calls.", Instead.STATEMENTS)
        named = [c for c, _ in known.places(chains.calls, at)] if at else known.queries(chains.calls)
        chain = only(list(dict.fromkeys(named)), f"`{at}`" if at else "the query", context, lambda c: c.span)
        n = known.place(chain, name)
    if any(known.about.base(link.name) == known.about.base(name) and "()" in call for link in chain.links):
        raise UnplacedError(
            f"The chain of line {source.line_of(chain.span.start)} already calls {name}.", Instead.STATEMENTS
        )
    place = chain.links[n].span.end if n >= 0 else chain.root.end
    return put(source, Span(place, place), f"{_layout(chain, n, source)}.{call}")


def removed(code: str, context: Context) -> Edit:
    """The edit that takes out the one statement, call in a chain or scope with this text.

    Raises :class:`UnplacedError` where there is none, or another one.
    """
    source, known = context.selection.source, _Known(context)
    asked = squeezed(code).rstrip(";").strip()
    bare = re.fullmatch(r"\.?(\w+)(?:<[^>]*>)?(?:\((?:\s*|\.\.\.|…)\))?", asked)
    like = scopes_like(asked, context)
    found: list[tuple[Span, str]] = [(place, "scope") for place in like]
    statements = [s.span for block in statement_lists(source, known.within) for s in block.statements]
    texts = {s: squeezed(source.text(s)).rstrip(";").strip() for s in statements}
    awaited = tuple(f"{word} " for word in language_of(source.path).words.awaiting)
    whole = {s: next((t.removeprefix(a) for a in awaited if t.startswith(a)), t) for s, t in texts.items()}
    found += [(s, "statement") for s in statements if asked in (texts[s], whole[s])]
    for chain in (
        call_chains(source, known.within).calls
        if code.lstrip(".").rstrip().endswith(")") or code.startswith(".")
        else ()
    ):
        for link in chain.links:
            text = squeezed(source.text(link.span)).lstrip(".")
            if (bare[1] if bare else "") != link.name and text != asked.lstrip("."):
                continue
            own = next(
                (s for s in statements if s.contains(chain.span) and whole[s] == squeezed(source.text(chain.span))),
                None,
            )
            if own is not None and len(chain.links) == 1:
                found += [(own, "statement")] if (own, "statement") not in found else []
            elif len(chain.links) > 1 or known.is_operator(link.name):
                found.append((link.span, "call"))
            else:
                found.append((chain.span, "value"))
    place, kind = only(found, f"`{code}`", context, lambda f: f[0])
    if kind == "value":
        raise UnplacedError(
            f"It does not say what line {source.line_of(place.start)} does without `{code}`.", Instead.CODE
        )
    if kind == "scope":
        return without(like[place], context)
    return put(source, place, "")


class _Known:
    """What the data of the language and the outline say of chains: which are queries, and where a call goes in one."""

    def __init__(self, context: Context) -> None:
        language = language_of(context.selection.source.path)
        self.source = context.selection.source
        self.about: Behaviour = behaviour_of(language)
        self.words: Queries = queries(language)
        self.within = function_of(context)
        self.reads = {(f.name, f.span.end) for f in context.outline.facts if f.kind == "read"}

    def is_operator(self, name: str) -> bool:
        """Whether a call of that name is one on a query."""
        base = self.about.base(name)
        return name in self.about.operators or base in self.words.asking | self.words.through | self.words.linq

    def is_of_queries(self, name: str) -> bool:
        """Whether a call can be made on a query only, and says how it is run."""
        return name in self.words.asking or (name in self.about.operators and name not in self.words.through)

    def is_read(self, chain: Chain, n: int) -> bool:
        """Whether link ``n`` of a chain is after what its query has read."""
        return any(self.about.base(link.name) in self.words.linq for link in chain.links[: n + 1])

    def is_query(self, chain: Chain) -> bool:
        """Whether a chain asks a source of data, as far as names and types say; one that is not read here may do so."""
        if any((link.name, link.span.end) in self.reads or link.name in self.words.asking for link in chain.links):
            return True
        names = {self.about.base(link.name) for link in chain.links}
        return bool(names & self.words.through) and not names & (self.words.linq | self.words.made)

    def queries(self, chains: Sequence[Chain]) -> list[Chain]:
        """The chains that are queries, without those that are a part of what another one is given."""
        found = [c for c in chains if self.is_query(c)]
        sure = {c for c in found if any((link.name, link.span.end) in self.reads for link in c.links)}
        return [c for c in found if c in sure or not any(o != c and o.span.contains(c.span) for o in found)]

    def places(self, chains: Sequence[Chain], at: str) -> list[tuple[Chain, int]]:
        """The calls that a text names, each as its chain and number; -1 for what a chain starts at."""
        asked, name = squeezed(at).strip().lstrip("."), _name(at)
        any_given = re.search(r"\A\.?\w+(?:\((?:\s*|\.\.\.|…)\))?\Z", at.strip()) is not None
        found: list[tuple[Chain, int]] = []
        for chain in chains:
            if squeezed(self.source.text(chain.root)) == asked:
                found.append((chain, -1))
            for n, link in enumerate(chain.links):
                text = squeezed(self.source.text(link.span)).lstrip(".")
                if text == asked or (any_given and link.name == name):
                    found.append((chain, n))
        return found

    def place(self, chain: Chain, name: str) -> int:
        """After which link a call goes; -1 for the source.

        What only says how a query is run goes right behind its source; what changes what it gives, where there is one place for it.
        """
        base = self.about.base(name)
        ends = [n for n, link in enumerate(chain.links) if self.about.base(link.name) in self.words.linq]
        first = next((n for n, link in enumerate(chain.links) if self._is_asked(link)), len(chain.links)) - 1
        if base in self.words.linq:
            if ends:
                raise UnplacedError(
                    f"The query of line {self.source.line_of(chain.span.start)} is already read by {chain.links[ends[0]].name}.",
                    Instead.STATEMENTS,
                )
            return len(chain.links) - 1
        if self.is_of_queries(name):
            return first
        last = (ends[0] if ends else len(chain.links)) - 1
        if base not in self.words.through or last != first:
            lines = lines_said(
                [Span(c.span.start + 1, c.span.end) for c in chain.links[first + 1 : last + 1]], self.source
            )
            raise UnplacedError(
                f"It does not say whether {name} comes before or after what the query does{f' in {lines}' if lines else ''}.",
                Instead.STATEMENTS,
            )
        return first

    def _is_asked(self, link: Link) -> bool:
        """Whether a link is asked of a query, and does not give it."""
        listed = self.words.asking | self.words.through | self.words.linq
        return self.about.base(link.name) in listed and link.name not in self.words.starting


def _name(code: str) -> str:
    found = re.match(r"\s*\.?(\w+)", code)
    return found[1] if found else ""


def _layout(chain: Chain, n: int, source: Source) -> str:
    """What stands before a call put after link ``n``: the line end and indentation before the next link, or before that one."""
    for link in (*chain.links[n + 1 : n + 2], *chain.links[max(n, 0) : n + 1]):
        text = source.text(link.span)
        return found[0] if (found := re.match(r"\s*\n[ \t]*", text)) is not None else ""
    return ""
