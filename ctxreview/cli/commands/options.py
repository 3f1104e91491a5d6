"""The options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a context is printed."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """How the guard's result is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    AZURE = "azure"
    GITLAB = "gitlab"
    RDJSON = "rdjson"


class ReviewFormat(StrEnum):
    """How reviews are printed: as the guard's result, or counted in one document."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    SUMMARY = "summary"
    SARIF = "sarif"
    GITHUB = "github"
    AZURE = "azure"
    GITLAB = "gitlab"
    RDJSON = "rdjson"


class KeptFormat(StrEnum):
    """How a kept review is printed."""

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


class Color(StrEnum):
    """When text has colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


FORMS = "PATH:LINE, PATH:START-END, PATH:LINE:COL-LINE:COL, PATH#L31-L33, PATH:MEMBER, or a forge's link to lines"
Many = Annotated[list[str] | None, typer.Argument(metavar="SELECTION...", help=FORMS, show_default=False)]
One = Annotated[str, typer.Argument(metavar="SELECTION", help=FORMS)]
Listed = Annotated[
    str | None,
    typer.Option(
        "--selections",
        metavar="FILE|-",
        help="Read selections from a file, one per line: as they are, or as JSON with a question, an id and tags.",
    ),
]
Diff = Annotated[
    str | None,
    typer.Option(
        "--diff", metavar="RANGE", help="A range of git's: REV (the work tree since then), A..B or A...B (a branch)."
    ),
]
Scopes = Annotated[
    list[Path] | None,
    typer.Option(
        "--scopes", metavar="PATH", help="Every function of a file or folder that holds a scope; may be repeated."
    ),
]
Stdin = Annotated[
    bool, typer.Option("--stdin", help="Read the file's text, such as an unsaved buffer, from standard input.")
]
BufferPath = Annotated[
    str | None,
    typer.Option("--path", metavar="PATH", help="The file that --stdin is; selections are then lines or members."),
]
Text = Annotated[
    str | None,
    typer.Option(
        "--text",
        metavar="FILE|-",
        help="Copied code, which is found in the file PATH; of equal places the one nearest to PATH:LINE.",
    ),
]
TextVariable = Annotated[
    str | None,
    typer.Option(
        "--text-env",
        metavar="NAME",
        help="The variable that has the selected text, for editors: it is found in the file PATH, near --line; where it is empty, that line is meant.",
    ),
]
CaretLine = Annotated[
    int | None, typer.Option("--line", metavar="N", help="With --text-env, the line of the caret.", min=1)
]
Paste = Annotated[
    bool,
    typer.Option(
        "--paste", help="Copied code, from the clipboard or else standard input, which is found in the repository."
    ),
]
PasteIn = Annotated[
    Path | None, typer.Option("--in", metavar="DIR", help="With --paste, look in this folder or file only.")
]
Patch = Annotated[
    str | None, typer.Option("--patch", metavar="FILE|-", help="A unified diff, applied to the files or not.")
]
Cheap = Annotated[
    bool,
    typer.Option(
        "--lint",
        help="Of several selections only those in whose function a rule finds something or a scope is; those of one function are one.",
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The repository's root; found from the files when not given.", show_default=False),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Share the work among the machines of a Dask cluster: tcp://HOST:8786, or tls://.",
        show_default=False,
    ),
]
Hops = Annotated[int, typer.Option(help="Follow callers this many calls up; 0 reads this file only.", min=0)]
Budget = Annotated[
    int | None,
    typer.Option(
        metavar="TOKENS", help="Token budget of the prompt [default: 16000; local: 8000].", envvar="CTXREVIEW_BUDGET"
    ),
]
Message = Annotated[str, typer.Option("-m", "--message", help="Your question to the model.")]
Formats = Annotated[Format, typer.Option("--format")]
ManyFormats = Annotated[Format | None, typer.Option("--format", help="[default: text; several selections: json]")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the result to a file.")]
Colors = Annotated[Color, typer.Option("--color", help="When to colour text.")]
NoPager = Annotated[bool, typer.Option("--no-pager", help="On a terminal, print text without a pager.")]
Brief = Annotated[bool, typer.Option("--brief", help="End after verdict, suggestions and hazards.")]
FailOn = Annotated[Severity | None, typer.Option(help="Exit with status 1 for a finding of this severity or worse.")]
ProviderName = Annotated[
    str | None, typer.Option("--provider", help="openai, anthropic, local, or none.", envvar="CTXREVIEW_PROVIDER")
]
Model = Annotated[str | None, typer.Option(help="The model to ask.", envvar="CTXREVIEW_MODEL")]
BaseUrl = Annotated[
    str | None, typer.Option(help="Base URL of another server with the provider's API.", envvar="CTXREVIEW_BASE_URL")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ignore cached answers.")]
MaxCost = Annotated[
    float | None,
    typer.Option(metavar="USD", help="Spend at most this much in total.", envvar="CTXREVIEW_MAX_COST"),
]
MaxTokens = Annotated[
    int | None, typer.Option(help="Send and receive at most this many tokens in total.", envvar="CTXREVIEW_MAX_TOKENS")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only results, warnings and errors.")]
Exact = Annotated[
    bool, typer.Option("--exact-tokens", help="Let the provider count the prompt's tokens, where it can.")
]
Models = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Ask several models, each MODEL or PROVIDER:MODEL, and show where they differ."),
]
RetryFailed = Annotated[
    bool,
    typer.Option(
        "--retry-failed",
        help="Of several selections, ask again also where the model refused or gave no usable answer last time.",
    ),
]
