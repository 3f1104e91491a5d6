"""Marked source and the repository's own example, as contexts for the tests."""

from __future__ import annotations

from textwrap import dedent, indent

from ctxreview.config import prompt_file
from ctxreview.context import build as context
from ctxreview.guard.check import guard
from ctxreview.model.review import Context, Edit, GuardResult, Suggestion
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.prompt import checklist
from ctxreview.review import pipeline as review
from ctxreview.tokens import ESTIMATE
from tests import ROOT

EXAMPLE = ROOT / "examples" / "record-service"
QUERY = "src/RecordService.cs:31-33"
READ_ONLY = "src/RecordService.cs:51-53"
PATH = "src/Orders.cs"
TOKENIZER = ESTIMATE
ITEMS = checklist.load(prompt_file("checklists/concurrency.toml"))
TEAM_QUESTION = (
    "Does this code touch shared state, run inside a transaction, or acquire a lock? "
    "If yes, would any suggested optimisation affect that behaviour?"
)

FIELDS = """\
    private readonly object _gate = new();
    private readonly object _other = new();
    private readonly SemaphoreSlim _slots = new(1, 1);
    private readonly ReaderWriterLockSlim _lock = new();
    private readonly ShopContext _db;
    private readonly ILogger<Orders> _logger;
    private readonly Dictionary<int, Order> _cache = new();
    private int _count, _total;
"""


def job(question: str = "optimize this", budget: int = 16_000) -> review.Job:
    """A job whose counts do not depend on this machine."""
    return review.job(EXAMPLE, budget, TOKENIZER, question)


def shop(body: str, head: str = "public async Task<int> Ship(int id)") -> str:
    """A class with locks, a context and state around one method."""
    return f"public class Orders\n{{\n{FIELDS}\n    {head}\n    {{\n{indent(dedent(body).strip(chr(10)), ' ' * 8)}\n    }}\n}}\n"


def context_of(code: str, path: str = PATH, budget: int = 16_000) -> Context:
    """The context of the code between « and »; without the marks, of everything in the first ``Ship``."""
    if "«" in code:
        before, chosen, after = code.replace("»", "«").split("«")
        source = Source(path, (before + chosen + after).encode())
        span = Span(len(before.encode()), len((before + chosen).encode()))
    else:
        source = Source(path, code.encode())
        at = code.encode().index(b"Ship")
        span = Span(at, at + 4)
    first, last = source.lines_of(span)
    made = job(budget=budget)
    return context.build(
        Selection(source, span, f"{path}:{first}-{last}"), outline(source), budget, made.tokenizer, made.fixed
    )


def example(selection: str = QUERY) -> Context:
    """The context of some lines of the example."""
    return review.context_of(f"{EXAMPLE}/{selection}", job())


def edited(before: str, after: str) -> GuardResult:
    """The guard's opinion on an edit that turns one file into another."""
    about = context_of(before)
    lines = about.selection.source.line_count
    whole = about.selection.source.data.decode()
    return guard(about, Suggestion("edit", "", (Edit(PATH, 1, lines, whole, after),)))
