"""What the selected code calls, in other files."""

from __future__ import annotations

from pathlib import Path

from ctxreview.callgraph.callees import callees
from ctxreview.callgraph.repository.index import open_repository
from ctxreview.model.regions import NO_WRAPPERS

HELPERS = "".join(
    f"public void Take{n}() {{ Own{n}(); }}\nvoid Own{n}() {{ lock (_gate) {{ _count += {n}; }} }}\n" for n in range(8)
)


def test_the_methods_of_one_file_are_read_in_it_at_once(tmp_path: Path) -> None:
    """Eight methods and the eight that these call are all told, in the order of the calls, and their file is read a few times."""
    calls = " ".join(f"_store.Take{n}();" for n in reversed(range(8)))
    (tmp_path / "A.cs").write_text(f"class A {{ Store _store;\nvoid M() {{ {calls} }}\n}}\n")
    (tmp_path / "Store.cs").write_text(f"class Store {{ object _gate = new(); int _count;\n{HELPERS}}}\n")
    repository = open_repository(tmp_path, "csharp", NO_WRAPPERS)
    outline = repository.outline_for("A.cs", ())
    assert outline is not None
    method = next(f for f in outline.functions if f.name == "M")
    found = [e.why.partition(",")[0] for e in callees(outline, (method,), repository)]
    assert found == [f"Store.{name}{n}" for n in reversed(range(8)) for name in ("Take", "Own")]
    size = (tmp_path / "Store.cs").stat().st_size
    assert repository.parsed < 4 * size  # heads, the eight, and the eight that these call
