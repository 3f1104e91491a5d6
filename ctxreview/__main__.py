"""``python -m ctxreview``, and the console script."""

import gc
import sys

# Nothing that start-up makes is garbage, and looking through it a dozen times takes 3 ms. Work on many selections
# turns the collector on again.
gc.disable()

from ctxreview import interrupts  # noqa: E402


def main() -> None:
    """The command line, from its first import to its end; Ctrl-C anywhere is status 130 and no traceback."""
    interrupts.listen()
    try:
        try:
            from ctxreview.cli import main as run

            run()
        finally:
            interrupts.over()
            gc.freeze()  # else what an SDK has made is looked through once more at the end: 0.4 s
    except (KeyboardInterrupt, Exception):
        if not interrupts.pressed():
            raise
        sys.exit(130)


if __name__ == "__main__":
    main()
