"""``python -m ctxreview``."""

from ctxreview.cli import main

main()
