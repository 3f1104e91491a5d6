"""The tests, in folders that mirror those of ``ctxreview``; ``project`` holds what is about the whole of it."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus"
