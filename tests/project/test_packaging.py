"""What is installed is what was written: the wheel, the editable install and the user's own prompts."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import ctxreview
from tests import ROOT

SCRIPT = Path(sys.executable).parent / "ctxreview"
QUERY = ROOT / "examples" / "record-service" / "src" / "RecordService.cs"
PART = "answer this first: is this a safe change"


def command(*args: str | os.PathLike[str], env: Mapping[str, str], cwd: Path) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(args, env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment without settings, whose user folder is empty."""
    unwanted = re.compile(r"(OPENAI|ANTHROPIC|CTXREVIEW|PYTHON)\w*", re.I)
    kept = {name: value for name, value in os.environ.items() if not unwanted.fullmatch(name)}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source tree by the build backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    name = command(sys.executable, "-c", build, folder, env=os.environ, cwd=ROOT)
    return folder / name.split()[-1]


def test_wheel_has_every_file(wheel: Path) -> None:
    """Every tracked kind of file of the package is in the wheel, and nothing else is."""
    inside = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    package = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "ctxreview").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    prompts = {f"ctxreview/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "prompts").rglob("*.*")}
    assert inside == package | prompts


@pytest.mark.parametrize(
    "name",
    [
        "ctxreview/py.typed",
        "ctxreview/prompt/reply.schema.json",
        "ctxreview/reports/page.html.j2",
        "ctxreview/reports/page.css",
        "ctxreview/prompts/review.md.j2",
        "ctxreview/prompts/checklists/concurrency.toml",
        "ctxreview/languages/csharp/language.toml",
        "ctxreview/languages/csharp/constructs.toml",
        "ctxreview/languages/csharp/outline.scm",
    ],
)
def test_wheel_has(wheel: Path, name: str) -> None:
    """The files that are not Python modules are in the wheel."""
    assert name in zipfile.ZipFile(wheel).namelist()


def test_wheel_about(wheel: Path) -> None:
    """The wheel has the version, the licence and the console script."""
    about = zipfile.ZipFile(wheel)
    folder = f"ctxreview-{ctxreview.__version__}.dist-info"
    assert f"\nVersion: {ctxreview.__version__}\n" in about.read(f"{folder}/METADATA").decode()
    assert "ctxreview = ctxreview.__main__:main" in about.read(f"{folder}/entry_points.txt").decode()
    assert f"{folder}/licenses/LICENSE" in about.namelist()


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh virtual environment with the wheel installed.

    What the package depends on is borrowed from the running environment by its folder, whose ``.pth`` files, and
    with them the editable install, take no part.
    """
    home = tmp_path_factory.mktemp("installed")
    command(sys.executable, "-m", "venv", "--without-pip", home, env=os.environ, cwd=home)
    python = home / "bin" / "python"
    site = Path(
        command(python, "-c", "import site; print(site.getsitepackages()[0])", env=os.environ, cwd=home).strip()
    )
    # pip runs in this environment and works on the other: with --prefix it would remove the editable install here.
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    command(*pip, "install", "-q", "--no-deps", "--no-index", wheel, env=os.environ, cwd=home)
    (site / "borrowed.pth").write_text("\n".join(p for p in sys.path if p.endswith("site-packages")))
    return python


def test_wheel_works_without_the_source_tree(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """The installed copy, which is not the source tree, finds its prompts and builds the example's prompt."""
    code = tmp_path / "RecordService.cs"
    code.write_bytes(QUERY.read_bytes())
    where = "import ctxreview, ctxreview.config as c; print(ctxreview.__file__); print(*c.prompt_folders(), sep='\\n')"
    package, _, shipped = command(installed, "-c", where, env=environment, cwd=tmp_path).split()
    assert Path(package).is_relative_to(installed.parent.parent)
    assert Path(shipped) == Path(package).parent / "prompts"
    script = installed.parent / "ctxreview"
    text = command(script, "prompt", f"{code}:31-33", "-m", "optimize this", env=environment, cwd=tmp_path)
    for part in (PART, "optimize this", "SaveChanges", "scope.Complete()", "Does this code touch shared state"):
        assert part in text
    review = json.loads(command(script, "review", f"{code}:31-33", "--format", "json", env=environment, cwd=tmp_path))
    assert review["context"]["verdict"] == "in-scope"
    assert review["context"]["scopes"][0]["completes_at"] == [44]


def test_source_tree_works_as_it_is(environment: dict[str, str], tmp_path: Path) -> None:
    """The editable install, which has its prompts beside the package, builds the example's prompt too."""
    where = "import ctxreview.config as c; print(c.prompt_folders()[-1])"
    shipped = Path(command(sys.executable, "-c", where, env=environment, cwd=tmp_path).strip())
    assert (shipped / "review.md.j2").is_file()
    assert (shipped / "checklists" / "concurrency.toml").is_file()
    assert PART in command(SCRIPT, "prompt", f"{QUERY}:31-33", env=environment, cwd=tmp_path)


def test_version_has_one_source(environment: dict[str, str], tmp_path: Path) -> None:
    """The command, the package and its metadata have the same version."""
    assert command(SCRIPT, "--version", env=environment, cwd=tmp_path) == f"ctxreview {ctxreview.__version__}\n"
    assert importlib.metadata.version("ctxreview") == ctxreview.__version__


def test_module_runs(environment: dict[str, str], tmp_path: Path) -> None:
    """``python -m ctxreview`` is the command."""
    said = command(sys.executable, "-m", "ctxreview", "--version", env=environment, cwd=tmp_path)
    assert said == f"ctxreview {ctxreview.__version__}\n"


@pytest.fixture
def prompts(environment: dict[str, str]) -> Path:
    """The user's folder of prompts."""
    folder = Path(environment["XDG_CONFIG_HOME"]) / "ctxreview" / "prompts"
    (folder / "checklists").mkdir(parents=True)
    return folder


def test_user_template(environment: dict[str, str], prompts: Path, tmp_path: Path) -> None:
    """A user's template may extend the shipped one and change one of its blocks."""
    (prompts / "review.md.j2").write_text(
        '{% extends "shipped/review.md.j2" %}{% block system %}{{ super() }}House rule: be brief.{% endblock %}'
    )
    system, user = command(SCRIPT, "prompt", f"{QUERY}:31-33", env=environment, cwd=tmp_path).split("===== user =====")
    assert "You review C#" in system
    assert "House rule: be brief." in system
    assert PART in user


def test_user_template_of_its_own(environment: dict[str, str], prompts: Path, tmp_path: Path) -> None:
    """A user's template may stand alone and include files of its own folder."""
    (prompts / "tone.md").write_text("Be kind.")
    (prompts / "review.md.j2").write_text(
        "{% block system %}Own.{% endblock %}{% block user %}{% include 'tone.md' %}\n{{ code }}{% endblock %}"
    )
    text = command(SCRIPT, "prompt", f"{QUERY}:31-33", env=environment, cwd=tmp_path)
    assert text.startswith("===== system =====\nOwn.\n\n===== user =====\nBe kind.")
    assert "SaveChanges" in text
    assert PART not in text


def test_user_checklist(environment: dict[str, str], prompts: Path, tmp_path: Path) -> None:
    """A user's checklist replaces the shipped one."""
    (prompts / "checklists" / "concurrency.toml").write_text('[[item]]\nid = "own"\nquestion = "Is it ours?"\n')
    review = json.loads(command(SCRIPT, "review", f"{QUERY}:31-33", "--format", "json", env=environment, cwd=tmp_path))
    assert [(a["id"], a["question"]) for a in review["checklist"]] == [("own", "Is it ours?")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("review.md.j2", "{% block system %}"),
        ("review.md.j2", "{% block system %}{% endblock %}"),
        ("review.md.j2", "{% block system %}{{ nothing }}{% endblock %}{% block user %}{% endblock %}"),
        ("review.md.j2", '{% extends "missing" %}'),
        ("review.md.j2", "{% block system %}{{ 1 // 0 }}{% endblock %}{% block user %}{% endblock %}"),
        ("checklists/concurrency.toml", "[[item]]\nid = 1"),
        ("checklists/concurrency.toml", "[[item"),
        ("checklists/concurrency.toml", '[[item]]\nid = "a"\nquestion = "b"\nunknown = 1'),
        ("checklists/concurrency.toml", "item = 3"),
    ],
)
def test_broken_user_file(environment: dict[str, str], prompts: Path, tmp_path: Path, name: str, text: str) -> None:
    """A user's file that cannot be used is named in one sentence, with exit status 2."""
    (prompts / name).write_text(text)
    done = subprocess.run(
        [SCRIPT, "prompt", f"{QUERY}:31-33"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert str(prompts / name) in done.stderr
    assert done.stderr.count("\n") == 1
