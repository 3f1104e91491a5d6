"""The excerpts that are shown so far, and the room that is left for others, in tokens."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from ctxreview.context.elision import removable_statements, runs_of_lines, silence_of
from ctxreview.context.groups import Group, whole_lines
from ctxreview.context.listing import listing, shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.errors import BudgetError
from ctxreview.model.declarations import Function, TypeDecl
from ctxreview.model.outline import contained_in
from ctxreview.model.phrases import amount
from ctxreview.model.review import Context, Excerpt, Omission
from ctxreview.model.source import Source, Span
from ctxreview.tokens import Tokenizer

OVER = "over the token budget"
BODIES = "the bodies of {} of {}: not enclosing the selection"


class ExcerptBudget:
    """What is shown so far and the room that is left, in tokens."""

    def __init__(self, context: Context, budget: int, tokenizer: Tokenizer, fixed: int) -> None:
        self.context = context
        self.source = context.selection.source
        self.budget = budget
        self.tokenizer = tokenizer
        self.remaining = (
            budget - fixed - tokenizer.count("\n".join((*proven(context), *suggested(context), *context.blind_spots)))
        )
        self._reserved = ""
        self.excerpts: list[Excerpt] = []
        self.shown: dict[str, set[int]] = {}
        self.omitted: list[Omission] = []

    def reserve(self, groups: list[Group]) -> None:
        """Keep room for the sentences about what may be left out later."""
        whys = [f"{len(g.excerpts)} of {g.what}: {OVER}" for g in groups if g.excerpts] + [BODIES] * bool(groups)
        self._reserved = sentences([Omission(self.source.path, *groups[0].lines, w) for w in whys]) if groups else ""

    @cached_property
    def reserved(self) -> int:
        """The room that is kept for them, in tokens."""
        return self.tokenizer.count(self._reserved)

    def has_room(self, tokens: int) -> bool:
        """Whether so many tokens fit; the room that is kept is counted only where it may matter."""
        return tokens + 2 * len(self._reserved) <= self.remaining or tokens <= self.remaining - self.reserved

    def weighed(self, excerpt: Excerpt) -> Excerpt:
        """The excerpt with its size, the mark of a gap included."""
        return excerpt._replace(tokens=self._size(shown_lines([excerpt], excerpt.source), excerpt.source))

    def _size(self, shown: Mapping[int, bool], source: Source) -> int:
        """Tokens of some lines of one file, with the mark of a gap; of another file, with its heading."""
        if source.path == self.source.path:
            return self.tokenizer.count(f"\n{listing(shown, source, self.context.selection.lines)}\n …\n")
        return self.tokenizer.count(
            f"## {source.path}\n\n```{self.context.outline.language}\n{listing(shown, source)}\n …\n```\n"
        )

    def _take(self, excerpt: Excerpt) -> None:
        self.remaining -= excerpt.tokens
        self.excerpts.append(excerpt)
        self.shown.setdefault(excerpt.source.path, set()).update(_kept_lines(excerpt))

    def _omit(self, omission: Omission) -> None:
        self.remaining -= tokens_of([omission], self.tokenizer)
        self.omitted.append(omission)

    def require(self, excerpt: Excerpt) -> None:
        """Show the excerpt, unless it is shown already, or raise :class:`BudgetError`."""
        if not any(e.source.path == excerpt.source.path and e.span.contains(excerpt.span) for e in self.excerpts):
            self.need(excerpt)

    def need(self, excerpt: Excerpt) -> None:
        """Show what is not shown yet, or raise :class:`BudgetError`."""
        excerpt = self.weighed(excerpt)
        if not self.has_room(excerpt.tokens):
            raise BudgetError(
                f"{self.context.selection.given}: the selection needs "
                f"{self.budget - self.remaining + self.reserved + excerpt.tokens:,} tokens and the budget is {self.budget:,}; "
                "raise it with --budget."
            )
        self._take(excerpt)

    def function(self, excerpt: Excerpt, function: Function) -> None:
        """Show the function, whole where there is room."""
        excerpt = self.weighed(excerpt)
        if not self.has_room(excerpt.tokens):
            excerpt = self._elided(excerpt, function)
        self._take(excerpt)
        for omission in _left_out(excerpt):
            self._omit(omission)

    def add(self, group: Group) -> None:
        """Show of the group what there is room for."""
        waiting = self._waiting([group])
        if not self._together(waiting):
            for excerpt in group.excerpts:  # a shorter one may stand behind one that does not fit
                if not self._is_shown(excerpt):
                    self._fit(self.weighed(excerpt))
        if left := sum(not self._is_shown(e) for e in waiting):
            self._omit(Omission(group.source.path, *group.lines, f"{left} of {group.what}: {OVER}"))

    def add_all(self, groups: list[Group]) -> bool:
        """Show all groups if there is room for them, as there mostly is."""
        waiting = self._waiting(groups)
        return not waiting or bool(self._together(waiting))

    def _waiting(self, groups: list[Group]) -> list[Excerpt]:
        """The excerpts of some groups with lines that are shown neither yet nor by those before."""
        seen = {path: set(lines) for path, lines in self.shown.items()}
        waiting = []
        for group in groups:
            lines = seen.setdefault(group.source.path, set())
            for excerpt in group.excerpts:
                kept = _kept_lines(excerpt)
                if not lines.issuperset(kept):
                    lines.update(kept)
                    waiting.append(excerpt)
        return waiting

    def _is_shown(self, excerpt: Excerpt) -> bool:
        return self.shown.get(excerpt.source.path, set()).issuperset(_kept_lines(excerpt))

    def _fit(self, excerpt: Excerpt) -> None:
        """Take the excerpt if there is room for it."""
        if self.has_room(excerpt.tokens):
            self._take(excerpt)

    def _together(self, excerpts: list[Excerpt]) -> list[Excerpt]:
        """Take all of them if there is room: counted as one text for each file, a fraction of counting each.

        Each then has its share of the tokens, by its size.
        """
        files: dict[str, list[Excerpt]] = {}
        for excerpt in excerpts:
            files.setdefault(excerpt.source.path, []).append(excerpt)
        shown = {path: shown_lines(of, of[0].source) for path, of in files.items()}
        tokens = {path: self._size(shown[path], of[0].source) for path, of in files.items()}
        if not excerpts or not self.has_room(sum(tokens.values())):
            return []
        for path, lines in shown.items():
            self.shown.setdefault(path, set()).update(n for n, kept in lines.items() if kept)
        self.remaining -= sum(tokens.values())
        sizes = {path: sum([e.span.end - e.span.start + 1 for e in of]) for path, of in files.items()}
        passed = dict.fromkeys(files, 0)
        given = dict.fromkeys(files, 0)
        for excerpt in excerpts:
            path, span = excerpt.source.path, excerpt.span
            passed[path] += span.end - span.start + 1
            share = tokens[path] * passed[path] // sizes[path] - given[path]
            given[path] += share
            self.excerpts.append(excerpt._replace(tokens=share))
        return excerpts

    def count_bodies(self, home: TypeDecl) -> None:
        """Say how many members of the type are not shown with their bodies."""
        bodies = self.context.outline.outermost_in(home.span)
        whole = [e.span for e in self.excerpts if e.role == "function" and e.source.path == self.source.path]
        hidden = len(bodies) - len({f.span for span in whole for f in contained_in(span, bodies)})
        if hidden:
            why = BODIES.format(amount(hidden, "member", "other"), home.name)
            self._omit(Omission(self.source.path, *self.source.lines_of(home.span), why, for_room=False))

    def uncovered(self) -> Iterator[Span]:
        """Runs of selected lines that no excerpt shows, without blank lines at their ends."""
        shown = (self.source.lines_of(e.span) for e in self.excerpts if e.source.path == self.source.path)
        seen = {number for a, b in shown for number in range(a, b + 1)}
        first, last = self.context.selection.lines
        run: list[int] = []
        for number in range(first, last + 2):
            if number <= last and number not in seen:
                if run or self.source.line(number).strip():
                    run.append(number)
                continue
            while run and not self.source.line(run[-1]).strip():
                run.pop()
            if run:
                yield self.source.line_span(run[0], run[-1])
            run = []

    def _elided(self, excerpt: Excerpt, function: Function) -> Excerpt:
        """Leave out whole statements, largest first, that touch neither the selection nor any scope."""
        source = self.source
        room = self.remaining - self.reserved
        silent = silence_of(self.context.outline)
        waiting = removable_statements(self.context, function, silent)
        elided: list[Span] = []  # in source order, and apart from each other
        least, saved, wanted = excerpt.tokens, 0, excerpt.tokens - room
        for count, statement in enumerate(waiting, 1):
            at = bisect_right(elided, Span(statement.start, len(source.data)))
            if at == 0 or not elided[at - 1].contains(statement):
                elided.insert(at, statement)
                saved += self.weighed(excerpt._replace(span=whole_lines(source, statement))).tokens
            if saved < wanted and count < len(waiting):
                continue  # weighing all of a long function after each statement would take seconds
            smaller = self.weighed(excerpt._replace(elided=runs_of_lines(source, elided, silent)))
            needed = smaller.tokens + tokens_of(_left_out(smaller), self.tokenizer)
            if needed <= room:
                return smaller
            least = min(least, needed)
            wanted = saved + needed - room
        first, last = source.lines_of(excerpt.span)
        raise BudgetError(
            f"{source.path}:{first}-{last}: {function.name} needs {self.budget - room + least:,} tokens even without "
            f"every statement outside its scopes and the selection, and the budget is {self.budget:,}; "
            "raise it with --budget."
        )


def _kept_lines(excerpt: Excerpt) -> Iterable[int]:
    if not excerpt.elided:
        first, last = excerpt.source.lines_of(excerpt.span)
        return range(first, last + 1)
    return [n for n, kept in shown_lines([excerpt], excerpt.source).items() if kept]


def _left_out(excerpt: Excerpt) -> list[Omission]:
    why = f"statements outside every scope and the selection: {OVER}"
    return [Omission(excerpt.source.path, *excerpt.source.lines_of(e), why) for e in excerpt.elided]


def sentences(omitted: Iterable[Omission]) -> str:
    """What is said about what is left out."""
    return "".join(f"- {o.path}, lines {o.start_line}-{o.end_line}: {o.why}.\n" for o in omitted)


def tokens_of(omitted: Iterable[Omission], tokenizer: Tokenizer) -> int:
    """Tokens of these sentences."""
    return tokenizer.count(sentences(omitted))
