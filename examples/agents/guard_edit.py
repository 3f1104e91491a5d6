"""A hook for an agent's edits: ctxreview compares both versions of the file before the edit is made, without a model.

For agents that call a program before they use a tool, as Claude Code does with ``PreToolUse``: what the tool is to do comes on standard
input as JSON. A conflict with a transaction or lock is denied, with what was found as the reason; what a person has to answer is asked.
Nothing is printed otherwise, so that the agent's own rules decide: this never allows anything.

With a Python that has ctxreview installed it calls the library, which takes two thirds of the time of the command; with any other one it
calls the command.
"""

from __future__ import annotations

import difflib
import gc
import json
import sys
from pathlib import Path
from typing import Any

DECISIONS = {"conflicts": "deny", "needs-human": "ask"}
HOPS = 1
"""Calls that callers in other files are followed for; 0 looks at the file alone and takes less time."""


def edited(text: str, given: dict[str, Any]) -> str:
    """The file after what Edit, MultiEdit or Write are to do with it; as it is where a text is not there."""
    if "content" in given:
        return str(given["content"])
    for edit in given.get("edits", [given]):
        old, new = str(edit.get("old_string", "")), str(edit.get("new_string", ""))
        if old:
            text = text.replace(old, new) if edit.get("replace_all") else text.replace(old, new, 1)
    return text


def patch_of(call: dict[str, Any], root: Path) -> str:
    """What a call of a tool does to a C# file below ``root``, as a unified diff; ``""`` for nothing, and for a file that is new."""
    given = call.get("tool_input") or {}
    path = root / str(given.get("file_path", ""))
    if path.suffix != ".cs" or not path.is_file() or not path.resolve().is_relative_to(root):
        return ""
    before = path.read_bytes().decode("utf-8-sig", "replace")
    name = path.resolve().relative_to(root).as_posix()
    versions = [text.splitlines(keepends=True) for text in (before, edited(before, given))]
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(*versions, f"a/{name}", f"b/{name}")
    )


def decision(verdict: str, findings: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What the agent is told of what was found; ``None`` for nothing."""
    if verdict not in DECISIONS:
        return None
    said = [f"{f['severity']} {f['rule']}, line {f['start_line']}: {f['message']} {f['question']}" for f in findings]
    told = {
        "hookEventName": "PreToolUse",
        "permissionDecision": DECISIONS[verdict],
        "permissionDecisionReason": "\n".join(["ctxreview compared both versions of the file:", *said]),
    }
    return {"hookSpecificOutput": told}


class NotComparedError(Exception):
    """Why an edit was not looked at, in one sentence."""


def compared(patch: str, root: Path) -> tuple[str, list[dict[str, Any]]]:
    """The guard's verdict on the edit, and its findings. Raises :class:`NotComparedError`."""
    gc.disable()  # what starting makes is no garbage, and looking through it takes time
    try:
        import ctxreview
        from ctxreview.reports.document import finding_document
        from ctxreview.reports.json_text import clean
    except ImportError:
        return compared_by_command(patch, root)
    try:
        made = ctxreview.compare(patch=patch, root=root, hops=HOPS)
    except (ctxreview.CtxreviewError, OSError) as error:
        raise NotComparedError(str(error)) from None
    if made.failed:
        raise NotComparedError(made.failed[0])
    # Secrets are looked for only in what quotes code: loading what finds them takes a tenth of a second.
    return made.verdict, [clean(finding_document(finding), quoted=True) for finding in made.findings]


def compared_by_command(patch: str, root: Path) -> tuple[str, list[dict[str, Any]]]:
    """The same by the command, which is on the path. Raises :class:`NotComparedError`."""
    import subprocess

    command = ["ctxreview", "guard", "--patch", "-", "--root", str(root), "--hops", str(HOPS), "--format", "json"]
    try:
        done = subprocess.run(command, input=patch, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            raise NotComparedError(done.stderr.strip())
        found = json.loads(done.stdout)
    except (OSError, ValueError) as error:
        raise NotComparedError(str(error)) from None
    return found["verdict"], [f for s in found["suggestions"] for f in s["findings"]]


def main() -> int:
    """Answer one call; 1 where it could not be looked at, which holds up nothing."""
    try:
        call = json.load(sys.stdin)
        root = Path(call.get("cwd") or ".").resolve()
        patch = patch_of(call, root)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        print(f"ctxreview did not look at this call: {error}", file=sys.stderr)
        return 1
    if not patch:
        return 0
    try:
        verdict, findings = compared(patch, root)
    except NotComparedError as why:
        print(f"ctxreview did not look at this edit: {why}", file=sys.stderr)
        return 1
    told = decision(verdict, findings)
    if told is not None:
        print(json.dumps(told))
    return 0


if __name__ == "__main__":
    status = main()
    gc.freeze()  # else all that was loaded is looked through once more at the end
    sys.exit(status)
