"""Suggestions that a forge offers to take over where they stand: whole, as the guard checked them, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ctxreview.guard import check as guards
from ctxreview.model.review import Edit, GuardResult, GuardVerdict, Suggestion
from ctxreview.model.source import Source
from ctxreview.reports.ci.proposals import MOST_LINES, proposal_of
from ctxreview.reports.ci.rdjson import SUGGESTED
from tests.commands import run_command
from tests.samples import EXAMPLE, PATH, QUERY

LINES = st.lists(st.sampled_from(["a();", "b();", "", "    c();"]), min_size=1, max_size=12)


def checked(
    old: list[str],
    new: list[str],
    verdict: GuardVerdict = "no-known-conflict",
    end: str = "\n",
    reason: str = "",
    path: str = PATH,
) -> tuple[GuardResult, Source]:
    """A suggestion that makes ``new`` of ``old``, as the guard would give it with that verdict, and the file as it is."""
    before, after = (Source(PATH, "".join(f"{line}{end}" for line in lines).encode()) for lines in (old, new))
    suggestion = Suggestion("", "", (Edit(path, 1, len(old), "\n".join(old), "\n".join(new)),))
    changes = tuple(guards.changes_of(before, after))
    return GuardResult(suggestion, True, verdict, (), reason=reason, changes=changes), before


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]))
def test_taken_over_it_is_what_was_checked(old: list[str], new: list[str], end: str) -> None:
    """The lines of the offer, put where it says, give the file after the suggestion; it is never of no line."""
    result, before = checked(old, new, end=end)
    made = proposal_of(result, "Suggestion 1", before)
    if made is None:
        assert old == new
        return
    assert 1 <= made.at.start_line <= made.at.end_line <= len(old)
    there = made.text.split("\n") if made.text or new else []
    taken = [*old[: made.at.start_line - 1], *there, *old[made.at.end_line :]]
    # An offer without text takes the lines away.
    assert new in (taken, [line for n, line in enumerate(taken) if made.text or n != made.at.start_line - 1])


def test_what_is_not_offered() -> None:
    """A click must not bring in what is asked about, what was checked in part, what is in other files or far apart, or what is not as shown."""
    old, new = ["a();"], ["b();"]
    assert proposal_of(*around(checked(old, new))) is not None
    refused = [
        checked(old, new, "conflicts"),
        checked(old, new, "needs-human"),
        checked(old, new, reason="It also changes Other.cs, which was not checked."),
        checked(old, new, path="src/Other.cs"),
        checked(["a();", *["x();"] * MOST_LINES, "a();"], ["b();", *["x();"] * MOST_LINES, "b();"]),
        checked(old, ["b();\u202e"]),
        checked(old, ['var key = "[REDACTED:api-key:1]";']),
        checked(old, ['var password = "hunter2-Aq9!zK3";']),
        checked(old, ["/close"]),
        checked(old, ["```"]),
    ]
    assert [proposal_of(*around(one)) for one in refused] == [None] * len(refused)


def around(one: tuple[GuardResult, Source]) -> tuple[GuardResult, str, Source]:
    """What is asked about a suggestion."""
    return one[0], "Suggestion 1", one[1]


def test_it_is_beside_the_findings(tmp_path: Path) -> None:
    """An answer without a known conflict is a comment with a block to take over, on the lines that it replaces; an unsafe one is not."""
    unsafe = run_command(
        "guard", QUERY, "--suggestion", "answers/unsafe-answer.md", "--format", "rdjson", "--root", ".", cwd=EXAMPLE
    )
    assert {d["code"]["value"] for d in json.loads(unsafe.stdout)["diagnostics"]} == {"no-tracking-write"}
    answer = tmp_path / "answer.txt"
    answer.write_text("                .Where(r => r.TenantId == tenantId && !r.IsClosed)\n", "utf-8")
    selection = QUERY.replace("31-33", "32")
    done = run_command(
        "guard", selection, "--suggestion", str(answer), "--replace", "--format", "rdjson", "--root", ".", cwd=EXAMPLE
    )
    (offer,) = [d for d in json.loads(done.stdout)["diagnostics"] if d["code"]["value"] == SUGGESTED]
    (block,) = offer["suggestions"]
    assert block == {
        "range": {"start": {"line": 32}, "end": {"line": 32}},
        "text": "                .Where(r => r.TenantId == tenantId && !r.IsClosed)",
    }
    assert (offer["location"]["range"], offer["severity"]) == (block["range"], "INFO")
    assert "That is not an approval." in offer["message"]
