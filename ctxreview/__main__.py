"""``python -m ctxreview``, and the console script."""

import gc

# Nothing that start-up makes is garbage, and looking through it a dozen times takes 3 ms. Work on many selections
# turns the collector on again.
gc.disable()

from ctxreview.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    main()
