"""Marked source and the repository's own example, as contexts for the tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from ctxreview.config import prompt_file
from ctxreview.context import build as context
from ctxreview.guard.check import guard
from ctxreview.model.review import Context, Edit, GuardResult, Prompt, Review, Suggestion
from ctxreview.model.source import Selection, Source, Span
from ctxreview.outline import outline
from ctxreview.prompt import build as prompts
from ctxreview.prompt import checklist
from ctxreview.reports.layout import Layout
from ctxreview.reports.markdown import review_markdown
from ctxreview.reports.page import page
from ctxreview.reports.review_text import Detail, review_text
from ctxreview.reports.shown import reviewed
from ctxreview.reports.text import PLAIN
from ctxreview.review import context as contexts
from ctxreview.review.request import Options, Request, Run
from ctxreview.tokens import ESTIMATE, Tokenizer
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


def options(
    question: str = "optimize this",
    budget: int | None = 16_000,
    root: Path | None = None,
    hops: int = 0,
    tokenizer: Tokenizer = TOKENIZER,
) -> Options:
    """Options whose counts do not depend on this machine."""
    fixed = prompts.fixed_tokens(question, ITEMS, tokenizer)
    return Options(root, question, hops, budget, 16_000, tokenizer, ITEMS, fixed)


def request(selection: str, chosen: Options | None = None) -> Request:
    """The request for some lines of a file."""
    return Run().resolve(selection, options() if chosen is None else chosen)


def context_at(selection: str, chosen: Options | None = None) -> Context:
    """The context of some lines of a file."""
    return contexts.build(request(selection, chosen))


def page_of(*values: Review) -> str:
    """The HTML page of several models' reviews of one selection, or of one."""
    return page([reviewed(values)])


def text_of(value: Review, layout: Layout = PLAIN, detail: Detail = "folded") -> str:
    """A review as text."""
    return review_text(reviewed([value]), layout, detail)


def markdown_of(value: Review) -> str:
    """A review as Markdown."""
    return review_markdown(reviewed([value]))


def prompt_of(about: Context, question: str = "optimize this") -> Prompt:
    """The prompt for a context."""
    return prompts.build(about, question, ITEMS, TOKENIZER)


def unwrapped(text: str) -> str:
    """A text for people as one line, however it was wrapped."""
    return " ".join(text.split())


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
    made = options(budget=budget)
    return context.build(
        Selection(source, span, f"{path}:{first}-{last}"), outline(source), budget, made.tokenizer, made.fixed
    )


def example(selection: str = QUERY) -> Context:
    """The context of some lines of the example."""
    return context_at(f"{EXAMPLE}/{selection}", options(root=EXAMPLE))


def edited(before: str, after: str) -> GuardResult:
    """The guard's opinion on an edit that turns one file into another."""
    about = context_of(before)
    lines = about.selection.source.line_count
    whole = about.selection.source.data.decode()
    return guard(about, Suggestion("edit", "", (Edit(PATH, 1, lines, whole, after),)))
