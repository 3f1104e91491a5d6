"""A chat's answer held against the scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    FORMS,
    Budget,
    BufferPath,
    Color,
    Colors,
    Diff,
    FailOn,
    Hops,
    NoPager,
    Output,
    Patch,
    ReportFormat,
    Root,
    Stdin,
)
from ctxreview.cli.inputs import change_given, folder_in, read_text, refuse_beside
from ctxreview.cli.results import Target, exit_on_findings, print_texts, print_whole, target_for
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from ctxreview.model.review import Comparison

app = typer.Typer(rich_markup_mode=None)

ALONE = ("selection", "suggestion", "replace", "budget", "stdin", "path")
"""The parameters that are about an answer to one selection."""


@app.command()
def guard(
    ctx: typer.Context,
    selection: Annotated[str | None, typer.Argument(metavar="[SELECTION]", help=FORMS, show_default=False)] = None,
    suggestion: Annotated[
        str | None, typer.Option("--suggestion", metavar="FILE|-", help="The answer of a chat or model.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the suggestion as the new text of the selected lines.")
    ] = False,
    diff: Diff = None,
    patch: Patch = None,
    stdin: Stdin = False,
    path: BufferPath = None,
    format_: Annotated[ReportFormat, typer.Option("--format")] = ReportFormat.TEXT,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    fail_on: FailOn = None,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Report what a change does to transactions and locks: a chat's answer, or a range of git's. Needs no model.

    An answer is applied in memory to the file of the selection. --diff compares both versions of all files that a branch, commit or
    work tree changes, and looks at nothing but files and git's objects; --patch does so with a diff, which is undone in memory where it
    is applied already. For example:

    \b
    ctxreview guard src/RecordService.cs:31-33 --suggestion answers/unsafe-answer.md
    ctxreview guard --diff main...HEAD --fail-on high
    """
    target = target_for(ctx, format_, output, color, no_pager)
    if diff is not None or patch is not None:
        from ctxreview.review.versions import compare

        option = "--diff" if diff is not None else "--patch"
        refuse_beside(ctx, option, "compares all files of a change", *ALONE)
        _report(compare(change_given(diff, patch, root), hops), target, fail_on)
        return
    if target.form == "html":
        raise ConfigError(
            "--format html is the page of a range or diff; give --diff or --patch, or review SELECTION --reply FILE --format html."
        )
    if selection is None or suggestion is None:
        raise ConfigError(
            "Give a selection and --suggestion FILE, a range such as --diff main...HEAD, or a diff with --patch FILE."
        )
    from ctxreview.guard import check as guards
    from ctxreview.guard.patched import is_applied
    from ctxreview.reports.document import guard_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.review_text import guard_text
    from ctxreview.reports.words import rules_not_asked
    from ctxreview.review.context import build_to_compare
    from ctxreview.review.pipeline import check_suggestions
    from ctxreview.review.request import options
    from ctxreview.review.versions import change_of_patch, compare
    from ctxreview.rules import not_asked_of

    if stdin and suggestion == "-":
        raise ConfigError("--stdin is the text of the file, so that --suggestion needs a file; name it.")
    given = selections_given(ctx, [selection], None, root)
    request = given.run.resolve(given.selections[0], options(root, hops, budget, DEFAULT_QUESTION))
    text = read_text(suggestion)
    if not (replace or stdin) and is_applied(text, request.selection.source):
        home = request.selection.source.root
        _report(compare(change_of_patch(text, suggestion, home, folder_in(home)), hops), target, fail_on)
        return
    value = build_to_compare(request)
    read = guards.replacement if replace else guards.suggestions
    checked = check_suggestions(read(text, value), value, request)
    verdict = guards.worst([c.verdict for c in checked])
    others = not_asked_of(value.outline.language)
    if target.form == "json":
        console.write(dumps(guard_document(checked, value, verdict, others), 2), output)
    elif target.layout is None:
        from ctxreview.reports.ci.gathered import of_guard

        print_whole([of_guard(checked, value)], target)
    else:
        print_texts([guard_text(checked, value, verdict, target.layout).rstrip("\n")], target)
        if others:
            console.say(rules_not_asked(value.outline.language, others))
    exit_on_findings([f for c in checked for f in c.findings], fail_on)


def _report(value: Comparison, target: Target, fail_on: str | None) -> None:
    """Print what was compared; the status is 2 where something could not be."""
    from ctxreview.languages import language_of
    from ctxreview.reports.comparison import comparison_document, comparison_text
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.words import rules_not_asked
    from ctxreview.rules import not_asked_of

    languages = sorted({language_of(file.after.path).name for file in value.files})
    others = {language: rules for language in languages if (rules := not_asked_of(language))}
    if target.form == "json":
        console.write(dumps(comparison_document(value, others), 2), target.output)
    elif target.layout is None:
        from ctxreview.reports.ci.gathered import of_comparison

        print_whole([value if target.form == "html" else of_comparison(value)], target)
    else:
        print_texts([comparison_text(value, target.layout)], target)
        for language, rules in others.items():
            console.say(rules_not_asked(language, rules))
    for sentence in value.failed:
        console.say(sentence)
    if value.failed:
        raise typer.Exit(2)
    exit_on_findings(value.findings, fail_on)
