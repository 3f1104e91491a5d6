"""A chat's answer in Markdown is read in the parts that ``prompt --for chat`` asks for; what is not in them stays prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.errors import ReplyError
from ctxreview.prompt.chat import read_chat
from ctxreview.prompt.limits import MOST_LINES
from tests.samples import ITEMS

ANSWER = """\
Keep the tracking.
It is needed.

## Checklist

- shared-state: yes: rows are shared, see `src/Shop.cs:15 "_count++;"`
- **tracking-and-later-writes**: No. Nothing is read.
* `isolation-and-hints`: cannot tell, the provider is not shown
- invented-item: yes: it is not asked

### Findings

- src/Shop.cs:16 (high): two threads count.
- `src/Shop.cs:17` (Low) late.
- no place (high): not read

## Suggestions

### Count once

Safe here.

```csharp
## Findings
- src/Shop.cs:18 (high): code, not a finding
```
"""


def test_parts_of_an_answer() -> None:
    """Judgement, answers with their citations, findings with places; what stands in a fence is code, whatever it looks like."""
    read = read_chat(ANSWER, ITEMS)
    assert read.summary == "Keep the tracking. It is needed."
    assert [(a.id, a.answer) for a in read.checklist] == [
        ("shared-state", "yes"),
        ("tracking-and-later-writes", "no"),
        ("isolation-and-hints", "cannot-tell"),
    ]
    assert read.checklist[1].note == "Nothing is read."
    ((cited,), (), ()) = (a.evidence for a in read.checklist)
    assert (cited.path, cited.line, cited.quote) == ("src/Shop.cs", 15, "_count++;")
    assert [(p.path, p.line, p.severity, p.why) for p in read.problems] == [
        ("src/Shop.cs", 16, "high", "two threads count."),
        ("src/Shop.cs", 17, "low", "late."),
    ]
    assert "### Count once" in read.suggestions
    assert "code, not a finding" in read.suggestions
    assert "rows are shared" not in read.suggestions


def test_an_answer_in_its_own_words() -> None:
    """Without our headings the first paragraph is the judgement, and all of it is looked at for code."""
    read = read_chat("Sure!\n\nUse this:\n\n```csharp\n_count++;\n```\n", ITEMS)
    assert (read.summary, read.checklist, read.problems) == ("Sure!", (), ())
    assert "_count++;" in read.suggestions


@given(st.text(max_size=600))
def test_any_text_is_read(text: str) -> None:
    """No text makes it fail, and only asked items are answered."""
    assert {a.id for a in read_chat(text, ITEMS).checklist} <= {i.id for i in ITEMS}


@given(st.lists(st.sampled_from(ANSWER.splitlines()), max_size=60))
def test_lines_in_any_order_are_read(lines: list[str]) -> None:
    """Each item is answered once at most."""
    ids = [a.id for a in read_chat("\n".join(lines), ITEMS).checklist]
    assert len(ids) == len(set(ids))


def test_an_endless_answer() -> None:
    """What no model says at once is refused, not read for minutes."""
    with pytest.raises(ReplyError, match="lines"):
        read_chat("x\n" * (MOST_LINES + 1), ITEMS)
