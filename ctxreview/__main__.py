"""``python -m ctxreview``, and the console script."""

import gc
import sys

# Nothing that start-up makes is garbage, and looking through it a dozen times takes 3 ms. Work on many selections
# turns the collector on again.
gc.disable()


def main() -> None:
    """The command line, from its first import to its end; Ctrl-C anywhere is status 130 and no traceback."""
    try:
        from ctxreview.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if "KeyboardInterrupt" not in str(error):
            raise
        sys.exit(130)  # pydantic wraps it while an SDK is imported
    finally:
        gc.freeze()  # else what an SDK has made is looked through once more at the end: 0.4 s


if __name__ == "__main__":
    main()
