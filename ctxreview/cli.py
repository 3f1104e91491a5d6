"""The command line: read options, call one function, print what it returns.

Results go to standard output, everything else to standard error. Exit status 0, 1 for findings at or above
``--fail-on``, 2 for wrong usage and for work that could not be finished.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ctxreview import __version__
from ctxreview.errors import ConfigError, CtxreviewError, SourceError, StoppedError
from ctxreview.model import SEVERITIES, Context, Finding, Review

if TYPE_CHECKING:
    from ctxreview.batch import Show
    from ctxreview.providers import Endpoint
    from ctxreview.review import Job


class _Commands(TyperGroup):
    """The commands of this module, and those of :mod:`ctxreview.commands`, read only when one of them is asked for.

    Typer builds every command at every start: these would cost a context 5 ms.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, ``None`` where there is none."""
        if cmd_name not in self.commands:
            self.list_commands(ctx)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C anywhere in it ends with one sentence and a status of its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("Stopped.") from None

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in the order of the help."""
        more = import_module("ctxreview.commands").app
        self.commands = {**self.commands, **typer.main.get_group(more).commands}
        return list(self.commands)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Never a fragment: completes the context of AI code-review prompts, and checks what comes back.",
)


class Format(StrEnum):
    """How a context is printed."""

    TEXT = "text"
    JSON = "json"


class ReviewFormat(StrEnum):
    """How a review is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


class Severity(StrEnum):
    """The severities of findings, worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOTE = "note"


FORMS = "PATH:LINE, PATH:START-END or PATH:LINE:COL-LINE:COL"
Many = Annotated[list[str] | None, typer.Argument(metavar="SELECTION...", help=FORMS, show_default=False)]
One = Annotated[str, typer.Argument(metavar="SELECTION", help=FORMS)]
Listed = Annotated[str | None, typer.Option("--selections", metavar="FILE|-", help="Read selections, one a line.")]
Root = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The repository; found by itself otherwise.", show_default=False)
]
Hops = Annotated[int, typer.Option(help="How far callers are followed; 0: this file only.", min=0)]
Budget = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", help="The largest prompt [default: 16000; local: 8000].", envvar="CTXREVIEW_BUDGET"),
]
Message = Annotated[str, typer.Option("-m", "--message", help="What you would have asked the chat.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the result there.")]
FailOn = Annotated[Severity | None, typer.Option(help="Exit with 1 for a finding of this severity or worse.")]
ProviderName = Annotated[
    str | None, typer.Option("--provider", help="openai, anthropic, local, or none.", envvar="CTXREVIEW_PROVIDER")
]
Model = Annotated[str | None, typer.Option(help="The model to ask.", envvar="CTXREVIEW_MODEL")]
Models = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Ask several models, each MODEL or PROVIDER:MODEL, and show where they differ."),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Another server that speaks the provider's API.", envvar="CTXREVIEW_BASE_URL")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ask again, also what was answered before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent and what it would cost; send nothing.")]
NoRedact = Annotated[
    bool, typer.Option("--no-redact", help="Send secrets as they stand, after asking you twice on a terminal.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(metavar="USD", help="Ask for no more than this in all.", envvar="CTXREVIEW_MAX_COST"),
]
MaxTokens = Annotated[
    int | None, typer.Option(help="Send and receive no more than this in all.", envvar="CTXREVIEW_MAX_TOKENS")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but results, warnings and errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tell each request, and why one is made again.")]
Exact = Annotated[bool, typer.Option("--exact-tokens", help="Let the provider count the prompt, where it can.")]

DEFAULT_BUDGET = 16_000
DEFAULT_HOPS = 3
DEFAULT_QUESTION = "Can you optimize this?"


def main() -> None:
    """The console script: every failure is one sentence, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may have a code page that cannot say what the source says.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream.encoding.lower().startswith("utf") else "backslashreplace")
    try:
        app()
    except CtxreviewError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        _say(f"{error.filename or 'output'}: {error.strerror or error}; nothing more was written.")
        sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"ctxreview {__version__}")
        raise typer.Exit


@app.command()
def context(
    selections: Many = None,
    listed: Listed = None,
    format_: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    output: Output = None,
) -> None:
    """Print what the model would see: functions, scopes, facts, and what it would not see.

    For example:

    \b
    ctxreview context src/RecordService.cs:31-33
    ctxreview context src/RecordService.cs:31-33 --format json
    """
    from ctxreview.batch import Shown
    from ctxreview.reports import document
    from ctxreview.review import context_of

    job = _job(root, hops, budget, DEFAULT_QUESTION, None)._replace(whole=False)
    given, many = _selections(selections, listed)

    def shown(value: Context) -> str:
        if format_ is Format.JSON or many:
            return document.dumps(document.context(value), None if many else 2)
        from ctxreview.reports import text

        return text.context(value, _colour(output)).rstrip("\n")

    _print_each(given, many, job, lambda one, its: Shown(shown(context_of(one, its))), output)


@app.command()
def prompt(
    selection: One,
    message: Message = DEFAULT_QUESTION,
    copy: Annotated[bool, typer.Option("--copy", help="Put the prompt on the clipboard.")] = False,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    exact_tokens: Exact = False,
    quiet: Quiet = False,
    output: Output = None,
) -> None:
    """Print the finished prompt, ready to paste into any chat.

    For example:

    \b
    ctxreview prompt src/RecordService.cs:31-33 -m "optimize this"
    ctxreview prompt src/RecordService.cs:31-33 -o prompt.txt
    """
    from ctxreview.review import context_of, prompt_of

    endpoint = _endpoint(provider, model, base_url) if exact_tokens else None
    job = _exactly(_job(root, hops, budget, message, model, endpoint), exact_tokens, endpoint)._replace(whole=False)
    made = prompt_of(context_of(selection, job), job)
    counted_by = "estimated" if made.tokens.tokenizer == "estimate" else made.tokens.tokenizer
    if not quiet:
        _say(f"{made.tokens.prompt:,} tokens ({counted_by}).")
    finished = f"===== system =====\n{made.system}\n===== user =====\n{made.user}"
    if copy:
        import pyperclip

        try:
            pyperclip.copy(finished)
            there = pyperclip.paste().splitlines() == finished.splitlines()  # a failed helper program says nothing
        except pyperclip.PyperclipException:
            there = False
        if there:
            if not quiet:
                _say("The prompt is on the clipboard.")
            return
        _say("There is no clipboard here; the prompt is printed instead.")
    _print(finished.rstrip("\n"), output)


@app.command()
def review(
    selections: Many = None,
    listed: Listed = None,
    message: Message = DEFAULT_QUESTION,
    format_: Annotated[ReviewFormat, typer.Option("--format")] = ReviewFormat.TEXT,
    provider: ProviderName = None,
    model: Model = None,
    models: Models = None,
    base_url: BaseUrl = None,
    exact_tokens: Exact = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    no_redact: NoRedact = False,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    fail_on: FailOn = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    output: Output = None,
) -> None:
    """Ask a model with the whole context, and check its answer; without a model, say what the source proves.

    For example:

    \b
    ctxreview review src/RecordService.cs:31-33 -m "optimize this"
    ctxreview review src/RecordService.cs:31-33 --provider local --dry-run
    ctxreview review src/RecordService.cs:31 src/RecordService.cs:51 --quiet
    """
    from ctxreview import asking
    from ctxreview import review as pipeline
    from ctxreview.batch import Shown
    from ctxreview.prices import Account
    from ctxreview.providers import chosen
    from ctxreview.reports import document, markdown, opinions, text

    tell = _teller(quiet, verbose)
    limits = asking.limits(max_tokens, max_cost)
    asked = asking.named(models, provider, model, base_url) if models is not None else [(provider, model)]
    whom = [_endpoint(a_provider, a_model, base_url) for a_provider, a_model in asked]
    if models is not None and None in whom:
        raise ConfigError("--models asks models: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or give --provider.")
    if not dry_run:
        whom = [chosen(e) if e is not None else None for e in whom]
    jobs = [_exactly(_job(root, hops, budget, message, e.model if e else model, e), exact_tokens, e) for e in whom]
    jobs = [j._replace(bare=no_redact) for j in jobs]
    given, many = _selections(selections, listed)
    if no_redact:
        _agree_to_bare(whom, dry_run)
    if dry_run:
        if exact_tokens:
            raise ConfigError("--exact-tokens sends the prompt to be counted, and --dry-run sends nothing; give one.")
        indent = None if many or len(whom) > 1 else 2
        as_text = format_ is not ReviewFormat.JSON and not many

        def planned(selection: str, its: "Job") -> Shown:
            plans = zip(jobs, whom, strict=True)
            each = ((j._replace(beside=its.beside), e) for j, e in plans)
            return Shown("\n".join(asking.planned(selection, j, e, limits, 0 if as_text else indent) for j, e in each))

        _print_each(given, many, jobs[0], planned, output)
        return
    account = Account(limits)
    askers = [
        asking.asking(e, fresh or no_redact, account, tell, live=not quiet) if e is not None else None for e in whom
    ]

    def shown(values: list[Review]) -> str:
        alone = len(values) == 1
        if format_ is ReviewFormat.JSON or many:
            made = document.review(values[0]) if alone else opinions.document(values)
            return document.dumps(made, None if many else 2)
        if format_ is ReviewFormat.MARKDOWN:
            return (markdown.review(values[0]) if alone else opinions.markdown(values)).rstrip("\n")
        if format_ is ReviewFormat.HTML:
            from ctxreview.reports import page

            return (page.review(values[0]) if alone else page.opinions(values)).rstrip("\n")
        colour = _colour(output)
        return (text.review(values[0], colour) if alone else opinions.text(values, colour)).rstrip("\n")

    def one(selection: str, its: "Job") -> Shown:
        if many:
            tell(f"{selection} …")
        values = []
        for endpoint, job, asks in zip(whom, jobs, askers, strict=True):
            values.append(pipeline.review(selection, job._replace(beside=its.beside), asks))
            if endpoint is not None:
                asking.keep(values[-1], endpoint, _say)
        found = (f for v in values for f in (*v.hazards, *(f for s in v.suggestions for f in s.findings)))
        return Shown(shown(values), tuple(found))

    alone = any(asks is not None for asks in askers)
    _fail_on(_print_each(given, many, jobs[0], one, output, alone=alone), fail_on)


@app.command()
def guard(
    selection: One,
    suggestion: Annotated[str, typer.Option("--suggestion", metavar="FILE|-", help="A model's answer.")],
    format_: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    root: Root = None,
    budget: Budget = None,
    fail_on: FailOn = None,
    output: Output = None,
) -> None:
    """Apply a chat's answer in memory and say what it changes across the scopes. Needs no model.

    For example:

    \b
    ctxreview guard src/RecordService.cs:31-33 --suggestion answers/unsafe-answer.md
    """
    from ctxreview import guard as guards
    from ctxreview.reports import document, text
    from ctxreview.review import context_of

    job = _job(root, 0, budget, DEFAULT_QUESTION, None)
    value = context_of(selection, job)
    checked = [guards.guard(value, s) for s in guards.suggestions(_read_text(suggestion), value)]
    verdict = guards.worst([c.verdict for c in checked])
    if format_ is Format.JSON:
        _print(document.dumps(document.guard(checked, verdict), 2), output)
    else:
        line = text.verdict_line(verdict, value.enclosing)
        _print(f"{text.guard(checked, _colour(output))}{line}", output)
    _fail_on([f for c in checked for f in c.findings], fail_on)


def _job(
    root: Path | None,
    hops: int,
    budget: int | None,
    question: str,
    model: str | None,
    endpoint: "Endpoint | None" = None,
) -> "Job":
    from ctxreview.config import user
    from ctxreview.review import job
    from ctxreview.tokens import tokenizer

    if budget is not None and budget < 1:
        raise ConfigError(
            f"--budget {budget}: give the number of tokens the prompt may have, such as {DEFAULT_BUDGET}."
        )
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    # Bytes of the command line that are no text arrive as surrogates, which no file and no request can hold.
    most = budget or user().get("budget") or _budget(endpoint)
    made = job(root, most, tokenizer(model), question.encode("utf-8", "replace").decode())
    return made._replace(hops=hops, tunable=budget is None)


def _budget(endpoint: "Endpoint | None") -> int:
    """The largest prompt where nobody set one."""
    if endpoint is None:
        return DEFAULT_BUDGET
    from ctxreview.providers import BUDGETS

    return BUDGETS.get(endpoint.provider, DEFAULT_BUDGET)


def _exactly(job: "Job", exact: bool, endpoint: "Endpoint | None") -> "Job":
    """``job`` with the provider counting its prompts, where that was asked for."""
    if not exact:
        return job
    from ctxreview.providers import COUNTING, count_tokens

    if endpoint is None or endpoint.provider not in COUNTING:
        raise ConfigError(f"--exact-tokens needs a provider that counts tokens: {', '.join(COUNTING)}.")
    return job._replace(exact=(endpoint.provider, lambda made: count_tokens(endpoint, made)))


def _endpoint(provider: str | None, model: str | None, base_url: str | None) -> "Endpoint | None":
    """Whom to ask: as given, else the provider whose key is in the environment, else nobody."""
    from ctxreview.config import number, user
    from ctxreview.providers import DEFAULT_MODELS, KEY_VARIABLES, LARGEST_REPLIES, PATIENCE, PROVIDERS, Endpoint

    own = user()
    if provider is None and base_url is None:
        provider = own.get("provider")
    if provider is not None and provider == own.get("provider", "openai"):
        model, base_url = model or own.get("model"), base_url or own.get("base_url")
    if provider == "none":
        return None
    with_key = [name for name, variable in KEY_VARIABLES.items() if os.environ.get(variable)]
    if provider is None:
        if base_url is not None:
            provider = "openai"
        elif len(with_key) > 1:
            raise ConfigError(f"There are keys for {' and '.join(with_key)}; choose one with --provider, or none.")
        elif not with_key:
            return None
        else:
            provider = with_key[0]
    if provider not in PROVIDERS:
        raise ConfigError(f"There is no provider {provider!r}; choose one of {', '.join(PROVIDERS)}, or none.")
    key = os.environ.get(KEY_VARIABLES[provider]) if provider in KEY_VARIABLES else None
    patience = {name: value for name in PATIENCE if (value := number(name)) is not None}
    largest = LARGEST_REPLIES[provider]
    named = model or DEFAULT_MODELS.get(provider, "")
    return Endpoint(provider, named, base_url, key, max_reply_tokens=largest, **patience)


def _agree_to_bare(whom: "Sequence[Endpoint | None]", dry_run: bool) -> None:
    """Ask twice whether secrets may be sent. Raises where that is not answered with a yes, or cannot be asked."""
    from urllib.parse import urlsplit

    from ctxreview.providers import address

    if not all(whom):
        raise ConfigError("--no-redact is about what is sent, and no model is asked; leave it out.")
    if dry_run:
        return
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise ConfigError("--no-redact sends secrets and asks you first: run it on a terminal, or leave it out.")
    hosts = sorted({urlsplit(address(e)).hostname or "" for e in whom if e is not None})
    named = " and ".join(hosts)
    for question, wanted in (
        (f"Keys, passwords and tokens in the code will be sent to {named} as they stand. Send them? (yes)", "yes"),
        (f"They cannot be called back. To send them, type the host's name ({named}):", named),
    ):
        _say(question)
        try:
            agreed = input().strip() == wanted
        except (EOFError, KeyboardInterrupt):
            raise StoppedError("Stopped; nothing was sent.") from None
        if not agreed:
            raise ConfigError("Nothing was sent. Without --no-redact, secrets are replaced.")


def _selections(given: Sequence[str] | None, listed: str | None) -> tuple[list[str], bool]:
    """The selections, and whether they are printed as JSON Lines."""
    if listed is not None and given:
        raise ConfigError("Give selections as arguments or with --selections, not both.")
    if listed is not None:
        return [line.strip() for line in _read_text(listed).splitlines() if line.strip()], True
    if not given:
        raise ConfigError(f"Nothing is selected: give {FORMS}, or --selections FILE.")
    return list(given), len(given) > 1


def _read_text(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    try:
        return Path(name).read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise SourceError(f"{name}: cannot be read ({error.strerror}); check the path.") from None


def _print_each(
    given: Sequence[str], many: bool, job: "Job", show: "Show", output: Path | None, *, alone: bool = False
) -> list[Finding]:
    """One result, or JSON Lines: a selection that fails is an error document, and the others go on.

    The findings of all are returned.
    """
    try:
        return _print_all(given, many, job, show, output, alone)
    except KeyboardInterrupt:
        raise StoppedError("Stopped; the selection that was under way was not finished.") from None


def _print_all(
    given: Sequence[str], many: bool, job: "Job", show: "Show", output: Path | None, alone: bool
) -> list[Finding]:
    if not many:
        (only,) = given
        made = show(only, job)
        _print(made.text, output)
        return list(made.findings)
    from ctxreview.batch import each
    from ctxreview.reports import document

    gc.enable()  # see __main__
    failed = 0
    found: list[Finding] = []

    def lines() -> Iterator[str]:
        nonlocal failed
        for one, made in zip(given, each(given, job, show, alone=alone), strict=True):
            found.extend(made.findings)
            if made.failed:
                failed += 1
                _say(made.text)
            yield document.dumps(document.error(one, made.text)) if made.failed else made.text

    if output is None:
        for line in lines():
            _line(line)
    else:
        _print("\n".join(lines()), output)
    if failed:
        _say(f"{failed} selections failed.")
        raise typer.Exit(2)
    return found


def _print(result: str, output: Path | None) -> None:
    if output is None:
        _line(result)
        return
    part = output.parent / f"{output.name}.part"
    try:
        part.write_text(result + "\n", "utf-8", errors="replace")
        part.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise ConfigError(f"{output}: cannot be written ({error.strerror}); nothing was written.") from None


def _line(result: str) -> None:
    try:
        print(result, flush=True)
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain again when it closes the stream, and typer exit with 1.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(2) from None


def _fail_on(found: Iterable[Finding], limit: Severity | None) -> None:
    if limit is not None and any(SEVERITIES.index(f.severity) <= SEVERITIES.index(limit.value) for f in found):
        raise typer.Exit(1)


def _colour(output: Path | None) -> bool:
    return output is None and sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _teller(quiet: bool, verbose: bool) -> Callable[[str], None]:
    """Tells of progress, as much as was asked for; warnings and errors are told by :func:`_say` all the same."""
    if quiet and verbose:
        raise ConfigError("--quiet says less and --verbose more; give one.")
    if verbose:
        import logging

        handler = logging.StreamHandler(sys.stderr)
        own = logging.getLogger("ctxreview")  # not the SDKs', which know the key
        own.handlers, own.level, own.propagate = [handler], logging.INFO, False
    return (lambda sentence: None) if quiet else _say


def _say(sentence: str) -> None:
    """A sentence for the person; it may quote a server, a file's name or a model, which do nothing to the terminal."""
    from ctxreview.listing import visible
    from ctxreview.redact import redact

    if sys.stderr is not None:  # closed by the caller: print() would take standard output instead
        print(redact(visible(sentence)).text, file=sys.stderr, flush=True)
