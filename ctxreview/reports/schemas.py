"""JSON Schemas of the documents, made from their types in :mod:`ctxreview.reports.shapes`.

``python -m ctxreview.reports.schemas`` writes them into ``docs/schemas``; a test says so where they are out of date. A program
that reads a document has to pass over keys that it does not know: new ones are added without a new version.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from ctxreview.reports.shapes import DOCUMENTS

FOLDER = Path("docs/schemas")


def name_of(document: Any) -> str:
    """What the ``schema`` key of a document says: ``ctxreview.context/1``."""
    (name,) = get_args(get_type_hints(document)["schema"])
    return str(name)


def file_of(document: Any) -> str:
    """The name of the file that has a document's schema: ``context-1.schema.json``."""
    return name_of(document).removeprefix("ctxreview.").replace("/", "-") + ".schema.json"


def schema_of(document: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document."""
    made = msgspec.json.schema(document)
    top = made["$ref"].rpartition("/")[2]
    shared = {name: _plain(shape) for name, shape in made["$defs"].items() if name != top}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name_of(document),
        **{key: value for key, value in _plain(made["$defs"][top]).items() if key != "title"},
        **({"$defs": shared} if shared else {}),
    }


def _plain(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape whose description has no marks of reStructuredText."""
    told = re.sub(r":data:`(\w+)`", r"\1", shape.get("description", "")).replace("``", "`")
    return {**shape, **({"description": told} if told else {})}


def schema_texts() -> dict[str, str]:
    """Each file's name with its text."""
    return {file_of(document): json.dumps(schema_of(document), indent=2) + "\n" for document in DOCUMENTS}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts().items():
        (FOLDER / name).write_bytes(text.encode())
