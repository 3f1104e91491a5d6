"""Context, question and checklist to a finished :class:`Prompt`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ctxreview.config import prompt_file, prompt_folders
from ctxreview.context.listing import file_listings
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.visible import visible
from ctxreview.errors import BudgetError, ConfigError
from ctxreview.kept import kept
from ctxreview.model.review import Context, Prompt
from ctxreview.prompt.checklist import Item
from ctxreview.regex import regex
from ctxreview.tokens import Tokenizer

if TYPE_CHECKING:
    import jinja2

TEMPLATE = "review.md.j2"
REPLY = "reply_json.md.j2"
"""The part of it that says what an API has to answer."""

ReplyForm = Literal["json", "chat"]
"""What a reply is asked for in: an object of the schema, or Markdown that a person can read where it comes."""

FRAME = 20
"""Tokens for the path, the selected lines, the fence and the bullets."""

_SYNTAX = regex(r"\{#.*?#\}|\{%.*?%\}\n?|\{\{.*?\}\}", re.DOTALL)
_INCLUDES = regex(r"\{%-?\s*(?:include\s+\"reply_|extends\b)")
SCHEMA = Path(__file__).parent / "reply.schema.json"


@cache
def schema() -> dict[str, object]:
    """The JSON schema of a reply: an object at the root, every key required, no others (as strict modes want)."""
    found: dict[str, object] = json.loads(_schema_text())
    return found


@cache
def _schema_text() -> str:
    return SCHEMA.read_text("utf-8").strip()


def fixed_tokens(question: str, checklist: Sequence[Item], tokenizer: Tokenizer) -> int:
    """Tokens of the prompt without any selection, counted from the template's own text.

    Rendering is left for when the prompt is needed: the template engine would double a context's start-up time.
    """
    asked = [f"- {i.id}: {i.question}" for i in checklist]
    template = _template_text(TEMPLATE)
    own = [template, _template_text(REPLY)] if _INCLUDES.search(template) else [template]  # a user's may say it itself
    texts = [*(_SYNTAX.sub("", text) for text in own), question, _schema_text(), *asked]
    return sum(tokenizer.count(t) for t in texts) + FRAME


def _template_text(name: str) -> str:
    try:
        return prompt_file(name).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise _unusable(name, error) from None


def _unusable(template: str, error: Exception) -> ConfigError:
    what = " ".join(str(error).split()) or type(error).__name__
    return ConfigError(f"{prompt_file(template)}: the template cannot be used ({what}); fix it or remove it.")


def build(
    context: Context,
    question: str,
    checklist: Sequence[Item],
    tokenizer: Tokenizer,
    bare: bool = False,
    form: ReplyForm = "json",
) -> Prompt:
    """The finished prompt, secrets replaced unless ``bare``; the reply is asked for in ``form``.

    Raises :class:`BudgetError` when it exceeds the budget all the same, and :class:`ConfigError` when a user's
    template is broken.
    """
    from ctxreview.redact import redact

    asked = visible(question if bare else redact(question).text)
    values = {
        "question": "\n".join(f"> {line}" for line in asked.splitlines() or [""]),
        "checklist": checklist,
        "form": form,
        "schema": _schema_text(),
    }
    return rendered(TEMPLATE, context, values, schema(), tokenizer, bare)


def rendered(
    template: str,
    context: Context,
    values: dict[str, Any],
    form: dict[str, object],
    tokenizer: Tokenizer,
    bare: bool = False,
) -> Prompt:
    """The prompt that ``template`` gives for a context, secrets replaced unless ``bare``; ``form`` is its reply's schema.

    Raises as :func:`build` does. Texts in ``values`` are told as they are.
    """

    def told(text: str) -> str:
        return sentence(text, bare)

    shown = [{"path": told(source.path), "code": code} for source, code in file_listings(context, bare)]
    code = "\n".join(file["code"] for file in shown)
    first, last = context.selection.lines
    common: dict[str, Any] = {
        "proven": [told(s) for s in proven(context)],
        "suggested": [told(s) for s in suggested(context)],
        "path": told(context.path),
        "place": f"lines {first}-{last} selected" if last > first else f"line {first} selected",
        "fence": "`" * max(3, 1 + max((len(r) for r in re.findall(r"`+", code)), default=0)),
        "language": context.outline.language,
        "code": shown[0]["code"],
        "others": shown[1:],
        "not_seen": [told(s) for s in not_seen(context)],
    }
    system, user = _render(template, common | values)
    size = tokenizer.count(system) + tokenizer.count(user)
    return within(Prompt(system, user, form, context.tokens._replace(prompt=size)), context)


def within(prompt: Prompt, context: Context) -> Prompt:
    """``prompt`` itself. Raises :class:`BudgetError` when it exceeds its budget."""
    size, budget, _ = prompt.tokens
    if size > budget:
        raise BudgetError(
            f"{context.path}: the prompt has {size:,} tokens and the budget is {budget:,}; raise it with --budget."
        )
    return prompt


def sentence(text: str, bare: bool = False) -> str:
    """``text`` on one line: what it quotes from the source must not look like a part of the prompt."""
    from ctxreview.redact import redact

    one = visible(" ".join(text.split()))
    return one if bare else redact(one).text


def not_seen(context: Context) -> tuple[str, ...]:
    """Blind spots and omissions, one sentence each."""
    left_out = [
        f"{o.path}, line{'s' if o.end_line > o.start_line else ''} {o.start_line}"
        + (f"-{o.end_line}" if o.end_line > o.start_line else "")
        + f": {o.why}."
        for o in context.omitted
    ]
    return (*context.unseen, *left_out)


@kept(1)
def _templates(folders: tuple[Path, ...], _as_they_are: tuple[tuple[str, int], ...]) -> jinja2.Environment:
    """The templates of some folders, the first that has one wins, each compiled once: that takes as long as a short context."""
    import jinja2

    shipped = jinja2.FileSystemLoader(folders[-1])
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(folders[:-1]), shipped, jinja2.PrefixLoader({"shipped": shipped})]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def _own_templates(folder: Path) -> tuple[tuple[str, int], ...]:
    """The user's files by name and time of change; none where there is no such folder, or where it cannot be read."""
    try:
        return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in folder.iterdir()))
    except OSError:
        return ()


def _render(name: str, values: dict[str, Any]) -> tuple[str, str]:
    folders = prompt_folders()
    environment = _templates(folders, _own_templates(folders[0]))
    try:
        template = environment.get_template(name)
        context = template.new_context(values)
        list(template.root_render_func(context))  # lets a template that extends another find its blocks
        parts = {name: "".join(context.blocks[name][0](context)).strip() + "\n" for name in ("system", "user")}
    except KeyError as error:
        raise _unusable(name, ValueError(f"it has no block {error}")) from None
    except Exception as error:  # what a user's template does is the user's: any fault in it is theirs to mend
        raise _unusable(name, error) from None
    return parts["system"], parts["user"]
