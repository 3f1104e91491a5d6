"""``python -m ctxreview``, and the console script.

``python -m`` looks for every module in the current folder first, which may be a stranger's checkout. That folder is taken off the
path before anything else is imported. What Python itself imports before this module, and a folder ``ctxreview`` that is there,
come from it all the same: the console script, ``python -P -m`` and ``PYTHONSAFEPATH`` do not look there at all.
"""

import gc
import os
import sys


def _look_elsewhere() -> None:
    """Take the current folder off the path: ``-m`` puts it first; an empty entry of PYTHONPATH means it, mostly by mistake."""
    try:
        here = ("", os.getcwd())  # noqa: PTH109 (pathlib takes longer to import)
    except OSError:  # it is gone
        return
    if __name__ == "__main__" and sys.path[0] in here:
        del sys.path[0]
    if not sys.flags.ignore_environment and "" in (os.environ.get("PYTHONPATH") or here[1]).split(os.pathsep):
        sys.path[:] = [folder for folder in sys.path if folder not in here]


_look_elsewhere()

# Nothing that start-up makes is garbage, and looking through it a dozen times takes 3 ms. Work on many selections
# turns the collector on again.
gc.disable()

from ctxreview import interrupts  # noqa: E402


def main() -> None:
    """The command line, from its first import to its end; Ctrl-C anywhere gives status 130 without a traceback."""
    interrupts.listen()
    try:
        try:
            from ctxreview.cli.app import main as run

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
