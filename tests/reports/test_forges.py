"""What a report or comment would do once it is posted: nothing, on GitHub, GitLab and Azure DevOps.

Rendered by a CommonMark parser with tables; then the forges' own filters, modelled here, look at every text that is not
code, as they do after rendering (GitHub's html-pipeline and GitLab's Banzai pass by ``pre``, ``code`` and ``a``), and
GitLab's quick actions at the source itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ctxreview.context.visible import visible
from ctxreview.guard.check import guard
from ctxreview.model.claims import claims
from ctxreview.model.review import Review, Usage
from ctxreview.prompt.reply import parse, verify
from ctxreview.reports import comment
from ctxreview.reports.markdown import escaped, fenced
from ctxreview.reports.opinions import opinions_markdown
from ctxreview.reports.shown import reviewed
from tests.project.test_hostile import ITEMS, stored
from tests.samples import PATH, context_of, markdown_of, prompt_of, shop

REFERENCES = {
    "mention": r"(?<![\w`/])@[\w<(]",
    "issue": r"(?<!\w)#\w|(?i:\bgh-\d)|\w#\d|\b[A-Z][A-Z0-9_]+-\d",
    "merge request, snippet, milestone, label, epic, alert": r"(?<!\w)[!$%~&^][\w\"(]",
    "bracketed": r"\[",
    "commit": r"\b[0-9a-f]{7,64}\b",
    "address": r"(?i)\bwww\.|://|\b(?:mailto|xmpp|javascript|data):|[\w.+-]+@[\w-]+",
    "emoji": r":[+\w-]+:",
    "entity": r"&#?\w+;",
    "math": r"\$",
    "markup": r"[<>|~]|[*_]{2}|\{\{|\[\[|:::",
    "quick action": r"^\s*/\w",
}
TRICKS = [
    "@name", "@org/team", "@everyone", "@all", "@<8c7f1f0a-aaaa-bbbb-cccc-121212121212>", "@(name)", "x @name.", "(@name)",
    "#1", "fixes #1", "Closes: #1", "resolves owner/repo#2", "owner/repo#2", "GH-1", "gh-12", "!1", "group/project!1",
    "AB#12", "Fixed AB#12", "TEAM-123", "$1", "%1", "%\"milestone\"", "~label", "~\"two words\"", "&1", "^alert#1",
    "[issue:1]", "[vulnerability:1]", "*iteration:1", "deadbeef", "DEADBEEF12", "0123456789abcdef0123456789abcdef01234567",
    "owner/repo@deadbeef", "http://evil.example/x", "https://evil.example", "ftp://evil.example", "www.evil.example",
    "mail@evil.example", "mailto:mail@evil.example", "xmpp:a@evil.example", "//evil.example", "<http://evil.example>",
    "[click](http://evil.example)", "[click]: http://evil.example", "![](http://evil.example/beacon.png)",
    "<img src=http://evil.example/b>", "<script>alert(1)</script>", "<!-- hidden", "<details><summary>", "&commat;name",
    "&#64;name", "&#x40;name", "&num;1", "&lt;img&gt;", "\\@name", "\\#1", "/close", "/merge", "/assign @name", "/label ~bug",
    "x\n/close", "x\r\n/approve", "x\u2028/close", "[^1]", "[^1]: note", "[x] done", "- [ ] todo", "1. list", "10) list",
    "+ list", "* list", "# heading", "===", "---", "***", "> quote", ">>>\nquote", "| a | b |", "~~gone~~", "~~~\n/close",
    "```\n/close", "````\n/close", "`", "``", "`@name", "@name`", "`a` @name `b`", "``@name`", "$`x`$", "$$x$$", "$x$ @name",
    "```mermaid\ngraph TD", "```math\nx", "```suggestion\nx", ":::mermaid", "[[_TOC_]]", "[[wiki]]", "{{ x }}", "{::options}",
    ":smile:", ":+1:", "**bold**", "_it_", "<@U123>", "a<b>c", "http&#58;//evil.example", "ｗｗｗ．evil.example ＠name ＃1 ｀@a｀",
    "`｀` @name", "safe ＠name ｀", "Setext\n===", "    indented", "\t/close", "www\u200b.evil.example", "@\u200bname",
    "![a][b]\n\n[b]: http://evil.example", "\\`@name\\`", "a|b @c|d", "https:evil", "x@y", "\\", "x\\",
]  # fmt: skip
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def review(words: str) -> Review:
    """A review with the words wherever a reply, code, a question or a name can have them."""
    one = re.sub(r'["\\\\]', "'", " ".join(visible(words).split()))  # what a string literal can hold
    about = context_of(shop(f'_count++; // {one}\nvar x = Run("{one}");\nreturn 0;'), budget=200_000)
    about = about._replace(blind_spots=(f"Who calls {words}: nobody.", words))
    item = {
        "id": ITEMS[0].id,
        "answer": "yes",
        "evidence": [{"path": words, "line": 14, "quote": words}],
        "note": words,
    }
    edits = [
        {
            "path": PATH,
            "start_line": 14,
            "end_line": 14,
            "original": f"_count++; // {one}",
            "replacement": f"{one}\n/close\n@name",
        }
    ]
    given = [
        {"title": words, "rationale": words, "edits": edits},
        {"title": "t", "rationale": "", "edits": [edits[0] | {"path": words or "x"}]},
    ]
    read = verify(parse(json.dumps({"summary": words, "checklist": [item], "suggestions": given}), ITEMS), about)
    return Review(
        question=words, context=about, prompt=prompt_of(about, words), hazards=(), checklist=read.checklist,
        suggestions=tuple(guard(about, s) for s in read.suggestions), summary=read.summary, provider="openai",
        model=words, usage=Usage(1, 2, 0.5),
    )  # fmt: skip


REPORTS = {
    "markdown": markdown_of,
    "comment": lambda value: comment.comment(
        comment.stored_subject(stored(value)),
        comment.Person(value.question, value.question, value.question),
        value.question,
    ),
    "opinions": lambda value: opinions_markdown(
        reviewed([value, value._replace(checklist=tuple(a._replace(answer="no") for a in value.checklist))])
    ),
}


def leaves(tokens: list[Token]) -> Iterator[Token]:
    """The tokens with those inside them."""
    for token in tokens:
        yield token
        yield from leaves(token.children or [])


def quick_actions(source: str) -> list[str]:
    """GitLab's: lines that begin with one, outside code blocks, HTML and quotes by its own expression for these."""
    outside = re.sub(r"(?ms)^```.+?\n```$|^>>>\n.+?\n>>>$|(?<!`)`[^`\n]+`", "", source)
    return re.findall(r"(?m)^/\w+", outside)


@cache
def plain_structure(form: str) -> list[str]:
    """What a report is built of whose words do nothing."""
    plain = REPORTS[form](review("plain words"))
    return [t.type for t in leaves(PARSER.parse(plain)) if t.type.endswith("_open")]


@pytest.mark.parametrize("form", REPORTS)
@pytest.mark.parametrize("words", TRICKS, ids=range(len(TRICKS)))
def test_nothing_acts_on_a_forge(words: str, form: str) -> None:
    """No mention, reference, address, quick action, image or markup of others' text; and the text can still be read."""
    source = REPORTS[form](review(words))
    tokens = list(leaves(PARSER.parse(source)))
    kinds = {t.type for t in tokens}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "s_open", "code_block"}
    for token in tokens:
        if token.type == "text":
            found = {kind: m[0] for kind, rule in REFERENCES.items() if (m := re.search(rule, token.content))}
            assert not found, token.content
        elif token.type == "fence":
            assert token.info in ("csharp", "diff")
            assert not re.search(r"(?m)^(?:/|```|~~~)", token.content)
    assert quick_actions(source) == []
    structure = [t.type for t in tokens if t.type.endswith("_open") and t.type != "softbreak"]
    assert (form == "comment" and claims(words)) or structure == plain_structure(form)
    read = "".join(t.content for t in tokens if t.type in ("text", "code_inline", "fence"))
    squeezed = re.sub(r"[\s`\\]", "", visible(" ".join(words.split())))
    if form != "comment":
        assert squeezed in re.sub(r"[\s`\\]", "", read)


def test_the_model_of_the_forges_sees_what_it_is_for() -> None:
    """Each trick that is not a control of Markdown alone would act if it was there as it is: the filters are needed."""
    seen = 0
    for words in TRICKS:
        tokens = list(leaves(PARSER.parse(words)))
        acts = any(
            t.type
            in (
                "html_block",
                "html_inline",
                "image",
                "link_open",
                "bullet_list_open",
                "fence",
                "hr",
                "s_open",
                "strong_open",
                "em_open",
                "heading_open",
                "blockquote_open",
                "ordered_list_open",
                "code_block",
                "table_open",
            )
            for t in tokens
        )
        texts = [t.content for t in tokens if t.type == "text"]
        seen += (
            acts
            or any(re.search(rule, text) for rule in REFERENCES.values() for text in texts)
            or bool(quick_actions(words))
        )
    assert seen >= 100


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AsNoTracking detaches `record`, whose Status is saved.", "AsNoTracking detaches `record`, whose Status is saved."),
        ("Who calls Shop.Run(int): nobody (yet).", "Who calls `Shop.Run(int)`: nobody (yet)."),
        ("It doesn't read-lock \"this\"; why?", "It doesn't read-lock \"this\"; why?"),
        ("Größe, 値, हिन्दी!", "Größe, 値, हिन्दी!"),
        ("fixes #1, see @name", "fixes `#1`, see `@name`"),
        ("Writes: _n (line 40), _m (lines 41, 42).", "Writes: `_n` (line 40), `_m` (lines 41, 42)."),
        ("A lock, src/A.cs:28-47; shared.", "A lock, `src/A.cs:28-47`; shared."),
        ("40) lists begin so, 40) and prose does not.", "`40)` lists begin so, 40) and prose does not."),
        ("a `b`` c", "a `` b` `` c"),
    ],
)  # fmt: skip
def test_prose_stays_prose(text: str, shown: str) -> None:
    """Sentences with names in them read as before; what a person would have put in a code span is in one."""
    assert escaped(text) == shown


def test_a_fence_cannot_be_ended_for_gitlab() -> None:
    """No line of code begins with a fence or an action, since GitLab looks for both on its own."""
    made = fenced("a\n```\n/close\n~~~\n", "diff")
    assert quick_actions(made) == []
    (block,) = [t for t in PARSER.parse(made) if t.type == "fence"]
    assert block.content == "a\n ```\n /close\n ~~~\n\n"
