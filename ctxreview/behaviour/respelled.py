"""Local variables and parameters that an edit gives other names, and functions that it hands over in another form: the version before is read in the spelling of the one after.

So only what the edit does else is compared, and whatever goes by the name of a variable, as a lock or a delegate may, is found again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from ctxreview.behaviour.body import Body
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source, Span
from ctxreview.regex import regex

_PIECE = regex(r"[^\W\d]\w*|\S")
_OWN = ("local", "parameter", "captured")
_VARIABLE = "\0"
"""What stands for each variable whose name one version alone has, while the versions are laid beside each other."""
MOST_PIECES = 4_000
"""Words and signs between the first and the last difference of a member beyond which its variables are not looked at."""


def respelled(before: Outline, after: Outline) -> Source:
    """The text before with each variable under the name that it has after; the same value where none has another one.

    A function that is handed over by its name after, and by a lambda that calls it before, is so before too, and the other way round. A name that goes and one that comes are of one variable where they stand in the same places, and each of them in no other's. Lines stay
    what they were. A variable that is called as something else is anywhere in its member keeps its name.
    """
    pieces = [
        piece
        for old, new in pairing(before, after).members
        if old.words != new.words
        for piece in (*_renamed(old, _names(old, new)), *_handed_over(old, new))
    ]
    if not pieces:
        return before.source
    data, at, made = before.source.data, 0, []
    for start, end, name in sorted(pieces):
        if start < at:
            continue  # a name in what is replaced as a whole
        made += [data[at:start], name]
        at = end
    return replace(before.source, data=b"".join([*made, data[at:]]))


def _names(old: Body, new: Body) -> Mapping[str, str]:
    """The names that variables of a member have after the edit, by those that they had."""
    first, second = _PIECE.findall(old.words), _PIECE.findall(new.words)
    gone, fresh = set(first) - set(second), set(second) - set(first)
    if not gone or not fresh:
        return {}
    gone, fresh = gone & _variables(old), fresh & _variables(new)
    if not gone or not fresh:
        return {}
    met = Counter(_beside(first, second, gone, fresh))
    had, has = Counter(first), Counter(second)
    found = {}
    for (a, b), times in met.items():
        alone = sum(a == x or b == y for x, y in met) == 1
        if alone and 2 * times >= max(had[a], has[b]):
            found[a] = b
    return found


def _beside(first: Sequence[str], second: Sequence[str], gone: set[str], fresh: set[str]) -> Iterator[tuple[str, str]]:
    """The names that go and that come, where one stands in the other's place."""
    one = [_VARIABLE if word in gone else word for word in first]
    two = [_VARIABLE if word in fresh else word for word in second]
    start = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    most = min(len(one), len(two)) - start
    end = next((n for n in range(most) if one[-n - 1] != two[-n - 1]), most)
    alike = [(0, 0, start), (len(one) - end, len(two) - end, end)]
    between = one[start : len(one) - end], two[start : len(two) - end]
    if max(map(len, between)) <= MOST_PIECES:
        alike += [
            (start + a, start + b, size) for a, b, size in SequenceMatcher(None, *between, False).get_matching_blocks()
        ]
    for a, b, size in alike:
        for n in range(size):
            if one[a + n] == _VARIABLE:
                yield first[a + n], second[b + n]


def _renamed(of: Body, names: Mapping[str, str]) -> Iterator[tuple[int, int, bytes]]:
    """Where the names stand in the file's text before, half open and in bytes, and what stands there after."""
    if not names:
        return
    pattern = regex(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)".encode())
    for hit in pattern.finditer(of.code.masked):
        start = of.member.span.start
        yield start + hit.start(), start + hit.end(), names[hit[0].decode()].encode()


def _handed_over(old: Body, new: Body) -> Iterator[tuple[int, int, bytes]]:
    """What stands for a function in a call before and after, where it is its name in one version and a lambda that only calls it in the other."""
    first, second = _functions_given(old), _functions_given(new)
    for name, spelled in first.items():
        then = second.get(name, {})
        if len(spelled) == len(then) == 1 and spelled.keys() != then.keys():
            ((text, places),), ((now, others),) = spelled.items(), then.items()
            if len(places) == len(others) and "\n" not in text + now:
                yield from ((at.start, at.end, now.encode()) for at in places)


def _functions_given(of: Body) -> Mapping[str, Mapping[str, list[Span]]]:
    """The functions without arguments that calls are given: by what names them, how each is written and where."""
    unit = version(of.outline).units.get(of.member.span)
    text = of.outline.source.text
    found: dict[str, dict[str, list[Span]]] = {}
    for node in il.walk(unit) if unit is not None else ():
        if not isinstance(node, il.Argument):
            continue
        named = _called_alone(node.value) if isinstance(node.value, il.Lambda) else node.value
        if isinstance(named, il.Access):
            found.setdefault(text(named.span), {}).setdefault(text(node.value.span), []).append(node.value.span)
    return found


def _called_alone(of: il.Lambda) -> il.Value | None:
    """What a lambda without parameters calls without arguments, where it does nothing else."""
    statements = of.unit.body.statements
    if len(statements) != 1 or of.unit.parameters or of.unit.asynchronous:
        return None
    only = statements[0]
    value = only.value if isinstance(only, il.Exit | il.Do) else None
    return value.function if isinstance(value, il.Call) and not value.arguments else None


def _variables(of: Body) -> frozenset[str]:
    """The names that stand for variables in a function, and for nothing else."""
    unit = version(of.outline).units.get(of.member.span)
    if unit is None:
        return frozenset()
    own, other = set[str](), set[str]()
    for node in il.walk(unit):
        if isinstance(node, il.Name):
            (own if node.binding in _OWN else other).add(node.text)
        elif isinstance(node, il.Access) or (isinstance(node, il.Argument) and node.name):
            other.add(node.name)
        elif isinstance(node, il.Parameter):
            own.add(node.name.text)
        elif isinstance(node, il.Opaque):
            other.update(node.names)
        elif isinstance(node, il.Constant) and node.kind == "name":
            other.add(node.text)
    return frozenset(own - other)
