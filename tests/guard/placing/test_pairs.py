"""Old text and new text in pairs, as agents send them: each form says the same, and the selection says which of several places."""

from __future__ import annotations

import json
import time

import pytest

from ctxreview.errors import ReplyError
from ctxreview.guard.check import apply
from ctxreview.guard.placing.answers import suggestions
from ctxreview.guard.placing.refusals import UnplacedError
from tests.samples import context_of, shop

BODY = "var a = Load(id);\n«Save(a);»\nif (a == null)\n{\n    Save(a);\n    return 1;\n}\nreturn Find(id).First();"
OLD, NEW = "        var a = Load(id);\n        Save(a);", "        var a = Load(id, 1);\n        Save(a);"
AFTER = shop(BODY.replace("«", "").replace("»", "").replace("Load(id)", "Load(id, 1)"))

FORMS = {
    "blocks": f"<<<<<<< SEARCH\n{OLD}\n=======\n{NEW}\n>>>>>>> REPLACE\n",
    "blocks under a name": f"Orders.cs\n```csharp\n<<<<<<< SEARCH\n{OLD}\n=======\n{NEW}\n>>>>>>> REPLACE\n```\n",
    "a tool's arguments": json.dumps({"file_path": "src/Orders.cs", "old_string": OLD, "new_string": NEW}),
    "a list": json.dumps([{"path": "Orders.cs", "old_str": OLD, "new_str": NEW}]),
    "edits of a file": json.dumps({"file": "Orders.cs", "edits": [{"oldText": OLD, "newText": NEW}]}),
    "a list in a fence": "Two calls:\n\n```json\n" + json.dumps([{"search": OLD, "replace": NEW}]) + "\n```\n",
    "tags": f"<path>Orders.cs</path>\n<old_string>{OLD}</old_string>\n<new_string>{NEW}</new_string>",
    "tags on lines": f"<edit>\n<search>\n{OLD}\n</search>\n<replace>\n{NEW}\n</replace>\n</edit>",
    "a tag with data": f"<old_str><![CDATA[{OLD}]]></old_str>\n<new_str><![CDATA[{NEW}]]></new_str>",
    "Windows line ends": json.dumps({"old_string": OLD.replace("\n", "\r\n"), "new_string": NEW.replace("\n", "\r\n")}),
    "a blank line above both": json.dumps({"old_string": f"\n{OLD}\n", "new_string": f"\n{NEW}\n"}),
    "before and after": f"Before:\n```csharp\n\n{OLD}\n```\nAfter:\n```csharp\n\n{NEW}\n```\n",
    "another layout": json.dumps({"old": OLD.replace("        ", "\t"), "new": NEW.replace("        ", "\t")}),
}


def made(text: str, body: str = BODY) -> str:
    """The file after the one suggestion in a text, or why that has no place."""
    about = context_of(shop(body))
    (found,) = suggestions(text, about)
    return found.unplaced or apply(found, about.selection.source).data.decode()


@pytest.mark.parametrize("form", FORMS)
def test_each_form(form: str) -> None:
    """Old text becomes new text, whatever it is written in."""
    assert made(FORMS[form]) == AFTER


def test_characters_of_tags() -> None:
    """What XML does not let stand in a tag is read as it is meant."""
    text = "<old_string>return Find(id).First();</old_string>\n<new_string>return Find(id).First(o =&gt; o.Total &lt; 9 &amp;&amp; o.Open);</new_string>"
    assert "return Find(id).First(o => o.Total < 9 && o.Open);" in made(text)


def test_a_part_of_a_line() -> None:
    """Old text may begin and end within a line; what stands around it stays."""
    after = BODY.replace("«", "").replace("»", "").replace("First()", "FirstOrDefault()")
    assert made(json.dumps({"old_string": "First()", "new_string": "FirstOrDefault()"})) == shop(after)


def test_the_selected_one_of_several() -> None:
    """Where old text stands more than once, the one that is selected is meant; where none is, it is refused with the lines."""
    text = json.dumps({"old_string": "Save(a);", "new_string": "Store(a);"})
    assert made(text) == shop(BODY.replace("«Save(a);»", "Store(a);"))
    elsewhere = context_of(shop(BODY.replace("«", "").replace("»", "").replace("return 1;", "«return 1;»")))
    (found,) = suggestions(text, elsewhere)
    with pytest.raises(UnplacedError, match="The lines it replaces occur in 2 places: "):
        apply(found, elsewhere.selection.source)


def test_old_text_that_is_not_there() -> None:
    """Old text that stands nowhere, and none at all, is refused."""
    about = context_of(shop(BODY))
    for old in ("Send(a);", ""):
        (found,) = suggestions(json.dumps({"old_string": old, "new_string": "Store(a);"}), about)
        with pytest.raises(UnplacedError, match=r"not in the file as it is now|does not quote"):
            apply(found, about.selection.source)


def test_another_file() -> None:
    """Old text of another file is an edit of that one."""
    about = context_of(shop(BODY))
    (found,) = suggestions(json.dumps({"file_path": "src/Other.cs", "old_string": "a", "new_string": "b"}), about)
    assert [e.path for e in found.edits] == ["src/Other.cs"]


@pytest.mark.parametrize("opened", ["<old_string>", "<<<<<<< SEARCH\n", "<search>a</search>", "<path>a</path>"])
def test_what_is_never_closed(opened: str) -> None:
    """Ends that never come are looked for once, and not from each place: an answer full of beginnings is refused within a second."""
    began = time.process_time()
    with pytest.raises(ReplyError, match="no suggestion in this answer"):
        suggestions(opened * (230_000 // len(opened)), context_of(shop(BODY)))
    assert time.process_time() - began < 5


def test_too_many() -> None:
    """More edits than are read are refused with their number."""
    text = json.dumps([{"old_string": "Save(a);", "new_string": "Store(a);"}] * 501)
    (found,) = suggestions(text, context_of(shop(BODY)))
    assert (
        found.unplaced
        == "It has 501 edits; at most 500 are read. Give it in smaller parts, or the new text of the selected lines with --replace."
    )


SENTENCES = (
    "Replace `First()` with `FirstOrDefault()`. That is enough.",
    "I’d change the last call, `First()`, to `FirstOrDefault()`: it’s “safer”.",
    "Use `FirstOrDefault()` instead of `First()`; the rest looks good.",
)


@pytest.mark.parametrize("text", SENTENCES)
def test_prose_with_code_in_it(text: str) -> None:
    """A sentence that names code and what it becomes is an edit, where that code is in one place."""
    assert made(text) == shop(BODY.replace("«", "").replace("»", "").replace("First()", "FirstOrDefault()"))


def test_prose_that_may_mean_several_places() -> None:
    """Code that a sentence names and that is in several places, none of them selected, is left to a person."""
    assert made("Replace `id` with `key`.").startswith("The text it replaces occurs in ")


def test_what_prose_advises_against() -> None:
    """What is not to be replaced is not an edit."""
    with pytest.raises(ReplyError):
        suggestions("I would not replace `First()` with `Single()` here.", context_of(shop(BODY)))
