"""What is shown of callers and callees keeps its sense: the statements around it, the ways out, and the type it stands in."""

from __future__ import annotations

from pathlib import Path

from ctxreview.context.listing import file_listings
from ctxreview.model.review import Context
from ctxreview.review.context import build
from tests.samples import options, request

FILLER = "\n".join(f"            Work{n}();" for n in range(6))
CALLER = f"""class Caller
{{
    class Inner
    {{
        readonly object _gate = new();
        public int Go(Store s, int x)
        {{
            if (x == 0)
            {{
                return 1;
            }}
{FILLER}
            try
            {{
{FILLER}
                if (x > 1)
                {{
                    lock (_gate)
                    {{
                        s.Put(x);
                    }}
                }}
                else
                {{
{FILLER}
                }}
            }}
            catch (IOException e)
            {{
{FILLER}
            }}
            finally
            {{
{FILLER}
            }}
            return 2;
        }}
    }}
}}
"""
STORE = """class Store
{
    readonly object _lock = new();
    int _n;
    public void Put(int x)
    {
        lock (_lock)
        {
            _n = Next(x);
        }
        After();
    }
    int Next(int x)
    {
        var y = x + 1;
        return y;
    }
    void After()
    {
        var z = 1;
    }
}
"""


def context_with(folder: Path, budget: int = 16_000, **files: str) -> Context:
    """The context of the write under the lock of ``Put``, beside other files."""
    (folder / ".git").mkdir()
    for name, text in {"Store": STORE, **files}.items():
        path = folder / f"{name.replace('_', '/')}.cs"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return build(request(f"{folder / 'Store.cs'}:9", options(root=folder, hops=3, budget=budget)))


def shown(about: Context, path: str) -> list[str]:
    """The lines that are shown of a file, without their numbers."""
    listed = next((text for source, text in file_listings(about) if source.path == path), "")
    return [line.partition("|")[2].strip() for line in listed.splitlines() if "|" in line]


def test_a_caller_keeps_the_statements_around_the_call(tmp_path: Path) -> None:
    """The call is shown in its conditions, its lock and its try with all handlers; the returns and the nested type's head too, and no filler."""
    lines = shown(context_with(tmp_path, Caller=CALLER), "Caller.cs")
    for line in (
        "class Inner", "if (x == 0)", "return 1;", "try", "if (x > 1)", "lock (_gate)", "s.Put(x);", "else",
        "catch (IOException e)", "finally", "return 2;",
    ):  # fmt: skip
        assert line in lines
    assert not [line for line in lines if line.startswith("Work")]
    assert lines.count("{") == lines.count("}")
    assert "class Caller" not in lines


def test_what_runs_under_the_lock_is_shown_whole(tmp_path: Path) -> None:
    """A method that is called under the lock is shown with its body; one that is called after it is not."""
    lines = shown(context_with(tmp_path), "Store.cs")
    assert "var y = x + 1;" in lines
    assert "var z = 1;" not in lines


def test_what_a_callee_under_the_lock_calls_is_shown_too(tmp_path: Path) -> None:
    """What runs under the lock by way of a method that is called there is shown with its body, after that method's own."""
    store = STORE.replace("var y = x + 1;", "var y = Deep(x);").replace(
        "    void After()",
        "    int Deep(int x)\n    {\n        var deep = x;\n        return deep;\n    }\n    void After()",
    )
    lines = shown(context_with(tmp_path, Store=store), "Store.cs")
    assert "var deep = x;" in lines
    assert "var z = 1;" not in lines


def test_what_runs_after_the_commit_is_not_under_the_scope(tmp_path: Path) -> None:
    """A method that is called after the transaction has completed, before its block ends, is not shown as one that runs under it."""
    store = STORE.replace(
        "lock (_lock)\n        {\n            _n = Next(x);",
        "using (var tx = _db.BeginTransaction())\n        {\n            _n = Next(x); tx.Commit(); After();",
    )
    about = context_with(tmp_path, Store=store)
    assert [e.why for e in about.excerpts if "under the scope" in e.why] == [
        "Store.Next, which is called under the scope"
    ]


def test_callers_in_tests_are_named(tmp_path: Path) -> None:
    """A caller in tests is named and not shown where other code calls; where nothing else does, it is shown."""
    test = "class StoreTests { void Puts() { new Store().Put(1); } }\n"
    about = context_with(tmp_path, Caller=CALLER, tests_StoreTests=test)
    assert not shown(about, "tests/StoreTests.cs")
    assert "Callers in tests are not shown: StoreTests.Puts (tests/StoreTests.cs:1)." in about.blind_spots


def test_what_callers_in_tests_do_is_not_told(tmp_path: Path) -> None:
    """Where other code calls too, a caller in tests that is only assumed, or passes the call on, is told of nowhere else."""
    test = "class StoreTests { object Puts(object x) { x.Put(1); Task.Run(() => new Store().Put(1)); return x; } }\n"
    about = context_with(tmp_path, Caller=CALLER, tests_StoreTests=test)
    told = [*about.settled, *about.supposed, *about.blind_spots]
    assert [s for s in told if "StoreTests" in s] == [
        "Callers in tests are not shown: StoreTests.Puts (tests/StoreTests.cs:1)."
    ]
    (tmp_path / "alone").mkdir()
    alone = context_with(tmp_path / "alone", tests_StoreTests=test)
    assert len([s for s in (*alone.supposed, *alone.blind_spots) if "StoreTests" in s]) > 1


def test_callers_in_tests_are_shown_where_nothing_else_calls(tmp_path: Path) -> None:
    """The only callers that there are are shown."""
    test = "class StoreTests { void Puts() { new Store().Put(1); } }\n"
    about = context_with(tmp_path, tests_StoreTests=test)
    assert shown(about, "tests/StoreTests.cs") == ["class StoreTests { void Puts() { new Store().Put(1); } }"]
    assert not [s for s in about.blind_spots if "not shown: StoreTests" in s]


LONG = "\n".join(f"        Work{n}(x, x + {n});" for n in range(120))


def test_what_runs_under_the_lock_is_whole_as_far_as_there_is_room(tmp_path: Path) -> None:
    """A long method that is called under the lock is shown whole where the budget has room, and else what it saves; short ones come first."""
    long = (
        STORE.replace("return y;", f"{LONG}\n        _db.SaveChanges();\n        return Short(y);")
        + "partial class Other { }\n"
    )
    long = long.replace("int Next(", "int Short(int y)\n    {\n        return y;\n    }\n    int Next(").replace(
        "_n = Next(x);", "_n = Next(Short(x));"
    )
    whole = shown(context_with(tmp_path, Store=long), "Store.cs")
    assert {"Work0(x, x + 0);", "Work119(x, x + 119);", "return y;"} <= set(whole)
    (tmp_path / "small").mkdir()
    about = context_with(tmp_path / "small", budget=2_600, Store=long)
    lines = shown(about, "Store.cs")
    assert {"_db.SaveChanges();", "return y;"} <= set(lines)
    assert "Work60(x, x + 60);" not in lines
    assert [o.why for o in about.omitted if "called" not in o.why and "members that the function calls" in o.why] == [
        "1 of 3 excerpts of members that the function calls: over the token budget"
    ]


def test_a_method_that_takes_the_same_lock_and_is_called_under_it_is_whole(tmp_path: Path) -> None:
    """What is called under the lock is shown whole also where it takes the lock itself, and other users with the locks that they are under."""
    again = STORE.replace("int Next(int x)\n    {", "int Next(int x)\n    {\n        lock (_lock) { Log(x); }").replace(
        "var z = 1;", "lock (_other)\n        {\n            _n = 0;\n        }"
    )
    about = context_with(tmp_path, Store=again)
    lines = shown(about, "Store.cs")
    assert {"var y = x + 1;", "lock (_other)"} <= set(lines)
    assert [e.why for e in about.excerpts if e.role == "member"] == ["After uses _n under lock on _other"]


def test_a_token_of_another_type_of_that_name_is_not_shown(tmp_path: Path) -> None:
    """A concurrency token is one of the type that the function means, not of another one with its name elsewhere."""
    entity = "namespace Entities; class {name} {{ [ConcurrencyCheck] public uint RowVersion {{ get; set; }} }}"
    store = STORE.replace("_n = Next(x);", "var group = new Group(); _db.SaveChanges();") + "class Group { }\n"
    store = f"namespace Shops; {store}"
    about = context_with(tmp_path, Store=store, Entity=entity.format(name="Group"))
    assert not shown(about, "Entity.cs")
    (tmp_path / "same").mkdir()
    about = context_with(
        tmp_path / "same",
        Store=store.replace("class Group", "class Unused"),
        Entity="using Entities;\n" + entity.format(name="Group"),
    )
    assert shown(about, "Entity.cs")
