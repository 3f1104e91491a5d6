"""The project file: a repository's own names for what takes a lock or opens a transaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.config import PROJECT_FILE, project
from ctxreview.errors import ConfigError
from ctxreview.guard.check import guard, suggestions
from ctxreview.model.regions import Wrappers
from ctxreview.model.review import Context
from tests.samples import context_at

CODE = """class C
{
    async Task M()
    {
        using (await _gate.HoldAsync(key))
        {
            _n++;
        }
        await _other.HoldAsync(key);
        using (_uow.Begin2()) { Work(); }
        Retry.InTx(() => { Save(); });
    }
}
"""


def _repository(folder: Path, settings: str) -> Path:
    (folder / ".git").mkdir()
    (folder / PROJECT_FILE).write_text(settings, "utf-8")
    (folder / "C.cs").write_text(CODE, "utf-8")
    return folder


def _context(folder: Path, line: int) -> Context:
    return context_at(f"{folder / 'C.cs'}:{line}")


def test_own_names_open_scopes(tmp_path: Path) -> None:
    """A name with a receiver counts on that receiver only; a name without one counts on all; lambdas count too."""
    folder = _repository(tmp_path, '[scopes]\nlock = ["_gate.HoldAsync"]\ntransaction = ["Begin2", "Retry.InTx"]\n')
    made = _context(folder, 7)
    assert [(s.kind, s.construct, s.resource) for s in made.enclosing] == [("lock", "_gate.HoldAsync", "_gate[key]")]
    assert [(s.kind, s.construct, s.form) for s in made.scopes[1:]] == [
        ("transaction", "Begin2", "block"),
        ("transaction", "InTx", "callback"),
    ]
    assert made.verdict == "in-scope"


def test_without_settings_a_name_is_only_a_name(tmp_path: Path) -> None:
    """The catalogue knows none of these."""
    assert _context(_repository(tmp_path, ""), 7).scopes == ()


def test_the_guard_knows_the_same_names(tmp_path: Path) -> None:
    """A suggestion that drops a wrapper of the project's is seen to drop a lock."""
    folder = _repository(tmp_path, '[scopes]\nlock = ["HoldAsync"]\n')
    made = _context(folder, 5)._replace()
    (suggestion,) = suggestions(
        "--- a/C.cs\n+++ b/C.cs\n@@ -5,1 +5,1 @@\n-        using (await _gate.HoldAsync(key))\n+        if (true)\n",
        made,
    )
    assert guard(made, suggestion).verdict == "conflicts"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[scope]\nlock = []\n", "there is no setting scope; did you mean scopes?"),
        ("[scopes]\nlocks = []\n", "there is no setting scopes.locks; did you mean scopes.lock?"),
        (
            '[endpoint]\nbase_url = "http://evil.example"\n',
            "there is no setting endpoint; the known settings are scopes, checklist, ignore, budget.",
        ),
        ("scopes = 1\n", "scopes must be a table"),
        ('[scopes]\nlock = "x"\n', "scopes.lock must be a list of names"),
        ("[scopes]\nlock = [1]\n", "scopes.lock must be a list of names"),
        ('[scopes]\nlock = ["a.b.c"]\n', "scopes.lock must be a list of names"),
        ('[scopes]\nlock = ["x(y)"]\n', "scopes.lock must be a list of names"),
        ("[scopes", "is not valid TOML"),
    ],
)
def test_anything_else_is_one_sentence(tmp_path: Path, settings: str, said: str) -> None:
    """A wrong project file names itself and what is wrong; it cannot set an endpoint."""
    with pytest.raises(ConfigError, match=said.replace(".", r"\.").replace("(", r"\(")) as caught:
        _context(_repository(tmp_path, settings), 7)
    assert PROJECT_FILE in str(caught.value)
    assert "\n" not in str(caught.value).rstrip()


def test_no_file_is_no_wrapper(tmp_path: Path) -> None:
    """Most repositories have none."""
    assert project(tmp_path).scopes == Wrappers()
