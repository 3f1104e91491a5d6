"""A model of your own reviews a selection. From the root of the repository: python examples/library/own_model.py"""

from __future__ import annotations

import sys
from pathlib import Path

import ctxreview
from ctxreview import Completion, Prompt, Usage

EXAMPLE = Path(__file__).parent.parent / "record-service"


def model(prompt: Prompt) -> Completion:
    """Answers as a model did once. Yours gets ``prompt.system``, ``prompt.user`` and the JSON schema ``prompt.schema``."""
    text = (EXAMPLE / "answers" / "unsafe-answer.json").read_text("utf-8")
    return Completion(text, provider="recorded", model="recorded-1", usage=Usage(prompt.tokens.prompt, None))


def main() -> int:
    """Print what the guard found in each suggestion; 1 where one conflicts with a scope."""
    selection = f"{EXAMPLE}/src/RecordService.cs:31-33"
    try:
        review = ctxreview.review(selection, "optimize this", provider=model)
    except ctxreview.CtxreviewError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for result in review.suggestions:
        print(f"{result.suggestion.title}: {result.verdict}")
        for finding in result.findings:
            print(f"  {finding.severity} {finding.rule}, line {finding.at.start_line}: {finding.question}")
    return int(any(result.verdict == "conflicts" for result in review.suggestions))


if __name__ == "__main__":
    sys.exit(main())
