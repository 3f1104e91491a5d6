"""The recipes of ``examples/ci``: their commands run in a scratch repository, as their builds would, and what they promise holds."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests import ROOT
from tests.guard.test_versions import INCIDENT, SERVICE, commit, edit, repo
from tests.llm.test_store import HARMLESS, RESPONSES, answer, environment
from tests.reports.test_builds import checked
from tests.servers import serving
from tests.workspace.test_git import git, write

__all__ = ["repo"]

FOLDER = ROOT / "examples" / "ci"
BIN = Path(sys.executable).parent
INSTALL = 'pip install "ctxreview @ git+https://github.com/OWNER/ctxreview@REVISION"'
STUB = """#!/bin/sh
{ printf '%s\\n' "$0" "$@"; for given; do case "$given" in *@*.*|*.md) cat "${given#*@}" 2>/dev/null;; esac; done; } >> "$STUBS/$(basename "$0").log"
exit 0
"""
"""In the place of a program of the build: what it is given, and the files among that."""


class Step(NamedTuple):
    """Commands of a recipe as a build runs them: ``always`` says that an earlier failure does not keep them from it."""

    name: str
    script: str
    env: dict[str, str]
    always: bool = False


class Ran(NamedTuple):
    """What the steps of a job did: their exit statuses by name, and all that was printed."""

    status: dict[str, int]
    log: str

    @property
    def failed(self) -> list[str]:
        """The names of the steps that failed."""
        return [name for name, status in self.status.items() if status]


def recipe(name: str) -> dict[str, Any]:
    """A recipe as YAML; what is read as a boolean there is the key ``on``."""
    made: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    return made


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """Programs of a build that take down what they are given."""
    folder = tmp_path / "stubs"
    for name in ("pip", "gh", "curl"):
        write(folder, {name: STUB})
        (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    return folder


def told(stubs: Path, name: str) -> str:
    """What a program of the build was given."""
    log = stubs / f"{name}.log"
    return log.read_text() if log.exists() else ""


def proposed(root: Path, *whats: str) -> tuple[str, str]:
    """A pull request with these changes and settings that ignore what is found, its merge checked out; the commits of main and of its branch."""
    for what in whats:
        name, *pairs = INCIDENT[what]
        edit(root, name, *pairs)  # type: ignore[arg-type]
    if not whats:
        edit(root, SERVICE, ("RepeatableRead", "Serializable"))
    write(
        root,
        {
            ".ctxreview.toml": 'ignore = ["scope-change", "no-tracking-write"]\n',
            "pip/__main__.py": "raise SystemExit(9)\n",
        },
    )
    commit(root)
    head = git(root, "rev-parse", "HEAD").strip()
    git(root, "checkout", "-q", "--detach", "main")
    git(root, "merge", "-q", "--no-ff", "-m", "merge", "work")
    return git(root, "rev-parse", "main").strip(), head


@contextmanager
def a_model(folder: Path) -> Iterator[dict[str, str]]:
    """A server that finds nothing to change, in the place of OpenAI's, and at a price that is known: as variables."""
    with serving() as server:
        server.answers[RESPONSES] = [answer(HARMLESS)]
        host = server.url.removeprefix("http://").partition(":")[0]
        about = 'models = ["gpt-6.2-sol"]\nprompt = 2.00\nreply = 10.00\nread = 2026-11-22\nsource = "https://openai.example"\n'
        write(folder / "config", {"ctxreview/prices.toml": f'currency = "USD"\n[[price]]\nhost = "{host}"\n{about}'})
        yield {"CTXREVIEW_BASE_URL": f"{server.url}/v1", "XDG_CONFIG_HOME": str(folder / "config")}
        assert len(server.asked) == 1


def ran(steps: Iterator[Step], root: Path, stubs: Path, **variables: str) -> Ran:
    """The steps in order, each in a shell of its own."""
    status: dict[str, int] = {}
    log = ""
    path = f"{stubs}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}"
    clean = {k: v for k, v in environment().items() if k != "OPENAI_API_KEY"}
    for step in steps:
        if any(status.values()) and not step.always:
            continue
        env = clean | {"PATH": path, "STUBS": str(stubs)} | variables | step.env
        command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script)
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
        status[step.name] = done.returncode
        log += done.stdout + done.stderr
        assert "Traceback" not in log
    return Ran(status, log)


# --- GitHub Actions ------------------------------------------------------------------------------------------

SAME = "github.event.pull_request.head.repo.full_name == github.repository"


def github_steps(job: str, values: Mapping[str, str]) -> Iterator[Step]:
    """The commands of a job, with expressions replaced by their values."""
    whole = recipe("github-actions.yml")

    def valued(env: Mapping[str, str]) -> dict[str, str]:
        return {k: re.sub(r"\$\{\{ (.*?) \}\}", lambda m: values[m[1]], v) for k, v in env.items()}

    for step in whole["jobs"][job]["steps"]:
        if "run" in step:
            assert "${{" not in step["run"], "an expression in a script can be a script"
            assert step.get("if") in (None, "${{ !cancelled() }}")
            yield Step(step["name"], step["run"], valued(whole["env"]) | valued(step.get("env", {})), "if" in step)


def github_values(base: str, head: str) -> dict[str, str]:
    """What the expressions of the recipe stand for."""
    return {
        "github.event.pull_request.base.sha": base, "github.event.pull_request.head.sha": head, "github.token": "t0ken",
        "github.repository": "me/shop", "github.event.number": "7", "secrets.OPENAI_API_KEY": "sk-test-1",
    }  # fmt: skip


@pytest.mark.parametrize("whats", [(), *((what,) for what in INCIDENT)], ids=["harmless", *INCIDENT])
def test_github(repo: Path, stubs: Path, whats: tuple[str, ...]) -> None:
    """A pull request that loses protection fails one step, whatever its own settings say; annotations, summary and SARIF say why; another fails none."""
    values = github_values(*proposed(repo, *whats))
    summary = repo.parent / "step-summary.md"
    done = ran(github_steps("check", values), repo, stubs, GITHUB_STEP_SUMMARY=str(summary), GITHUB_ACTIONS="true")
    assert done.failed == (["Annotate, and fail on what is severe"] if whats else []), done.log
    assert not (repo / ".ctxreview.toml").exists()
    assert told(stubs, "pip").split("\n")[1:3] == ["install", INSTALL.split('"')[1]]
    found = checked("sarif", (repo / "ctxreview.sarif").read_text())
    assert summary.read_text() == (repo / "ctxreview.md").read_text()
    if whats:
        name = INCIDENT[whats[0]][0]
        assert name in {path for path, _, _ in found}
        assert name in {path for path, _, _ in checked("markdown", summary.read_text())}
        annotated = "\n".join(line for line in done.log.split("\n") if line.startswith("::"))
        assert name in {path for path, _, _ in checked("github", annotated)}
    commented = ran(github_steps("report", values), repo, stubs)
    assert commented.failed == []
    assert told(stubs, "gh").split("\n")[1:4] == ["pr", "comment", "7"]
    assert (repo / "ctxreview.md").read_text() in told(stubs, "gh")


def test_github_asks_a_model(repo: Path, stubs: Path) -> None:
    """The review asks about what changed, within its cost, and is in the summary of the run."""
    values = github_values(*proposed(repo, "lock"))
    summary = repo.parent / "step-summary.md"
    with a_model(repo.parent) as own:
        done = ran(github_steps("review", values), repo, stubs, GITHUB_STEP_SUMMARY=str(summary), **own)
        assert done.failed == [], done.log
    assert checked("markdown", summary.read_text())
    assert "What was said of each part" in summary.read_text()


def test_github_is_closed_to_forks() -> None:
    """What can write or has a secret runs for branches of the repository alone; each action is pinned; no trigger gives foreign code rights."""
    whole = recipe("github-actions.yml")
    assert list(whole[True]) == ["pull_request"]
    assert whole["permissions"] == {}
    for job in whole["jobs"].values():
        trusted = SAME in job.get("if", "") and "||" not in job["if"]
        assert trusted or job["permissions"] == {"contents": "read"}
        assert trusted or "secrets." not in json.dumps(job)
        for step in job["steps"]:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))
            assert step.get("with", {}).get("persist-credentials", False) is False


# --- GitLab --------------------------------------------------------------------------------------------------


def gitlab_step(job: str, **env: str) -> Step:
    """The commands of a job, which run in one shell."""
    whole = recipe("gitlab-ci.yml")
    made = whole.get(whole[job].get("extends", ""), {}) | whole[job]
    return Step(job, "\n".join([*made.get("before_script", ()), *made["script"]]), env)


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("whats", [(), ("lock",)], ids=["harmless", "lock"])
def test_gitlab(repo: Path, stubs: Path, whats: tuple[str, ...], merged: bool) -> None:
    """A merge request that loses a lock fails, in both kinds of pipelines; the code quality report and the comment say why."""
    base, head = proposed(repo, *whats)
    env = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_COMMIT_SHA": head}
    if merged:
        env |= {"CI_COMMIT_SHA": git(repo, "rev-parse", "HEAD").strip(), "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head}
    done = ran(iter([gitlab_step("ctxreview", **env)]), repo, stubs)
    assert done.failed == ["ctxreview"] * bool(whats), done.log
    found = checked("gitlab", (repo / "gl-code-quality-report.json").read_text())
    assert {path for path, _, _ in found} >= {INCIDENT[what][0] for what in whats}
    api = {
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        "CTXREVIEW_TOKEN": "glpat-1",
    }
    assert ran(iter([gitlab_step("ctxreview-comment", **api)]), repo, stubs).failed == []
    assert "https://gitlab.example/api/v4/projects/3/merge_requests/7/notes" in told(stubs, "curl").split("\n")
    assert (repo / "ctxreview.md").read_text() in told(stubs, "curl")
    if merged and whats:
        with a_model(repo.parent) as own:
            asked = gitlab_step("ctxreview-review", **env, OPENAI_API_KEY="sk-test-1")
            assert ran(iter([asked]), repo, stubs, **own).failed == []
        assert checked("markdown", (repo / "review.md").read_text())


def test_gitlab_is_closed_to_forks() -> None:
    """What uses a secret runs for merge requests of the project itself alone."""
    for name, job in recipe("gitlab-ci.yml").items():
        uses = re.findall(r"\$(CTXREVIEW_TOKEN|OPENAI_API_KEY)", json.dumps(job)) or "--provider" in json.dumps(job)
        rules = [rule["if"] for rule in job.get("rules", ())]
        assert not uses or all("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule for rule in rules), name


# --- Azure Pipelines -----------------------------------------------------------------------------------------


def azure_steps(job: str, values: Mapping[str, str]) -> Iterator[Step]:
    """The commands of a job, with the macros of their variables replaced."""
    (made,) = [j for j in recipe("azure-pipelines.yml")["jobs"] if j["job"] == job]
    for step in made["steps"]:
        if "script" in step:
            assert not re.search(r"\$\([A-Z]\w*\.", step["script"]), "a macro in a script can be a script"
            env = {k: re.sub(r"\$\(([\w.]+)\)", lambda m: values[m[1]], v) for k, v in step.get("env", {}).items()}
            yield Step(step["displayName"], step["script"], env, "succeededOrFailed()" in step.get("condition", ""))


@pytest.mark.parametrize("whats", [(), ("transaction",)], ids=["harmless", "transaction"])
def test_azure(repo: Path, stubs: Path, whats: tuple[str, ...]) -> None:
    """A pull request that drops a transaction fails one step; issues, summary, SARIF and the comment's thread say why."""
    _, head = proposed(repo, *whats)
    values = {
        "System.PullRequest.SourceCommitId": head, "System.AccessToken": "t0ken", "System.PullRequest.PullRequestId": "7",
        "System.CollectionUri": "https://dev.azure.example/me/", "System.TeamProjectId": "p1", "Build.Repository.ID": "r1",
        "OPENAI_API_KEY": "sk-test-1",
    }  # fmt: skip
    merge = git(repo, "rev-parse", "HEAD").strip()
    done = ran(azure_steps("check", values), repo, stubs, TF_BUILD="True")
    assert done.failed == ["Annotate, and fail on what is severe"] * bool(whats), done.log
    assert f"##vso[task.uploadsummary]{repo}/ctxreview.md" in done.log.split("\n")
    found = checked("sarif", (repo / "sarif" / "ctxreview.sarif").read_text())
    issues = [line for line in done.log.split("\n") if line.startswith("##vso[task.logissue")]
    for what in whats:
        assert INCIDENT[what][0] in {path for path, _, _ in found}
        assert INCIDENT[what][0] in {path for path, _, _ in checked("azure", "\n".join(issues))}
    assert "https://dev.azure.example/me/p1/_apis/git/repositories/r1/pullRequests/7/threads?api-version=7.1" in told(
        stubs, "curl"
    )
    thread = json.loads((repo / "thread.json").read_text())
    assert thread["comments"][0]["content"] == (repo / "ctxreview.md").read_text()
    git(repo, "checkout", "-q", merge)
    with a_model(repo.parent) as own:
        asked = ran(azure_steps("review", values), repo, stubs, **own)
        assert asked.failed == [], asked.log


def test_azure_is_closed_to_forks() -> None:
    """What has a secret or the token of the build does not run for forks."""
    for job in recipe("azure-pipelines.yml")["jobs"]:
        for step in job["steps"]:
            secret = {"TOKEN", "OPENAI_API_KEY"} & set(step.get("env", {}))
            conditions = f"{job.get('condition', '')} {step.get('condition', '')}"
            assert not secret or "ne(variables['System.PullRequest.IsFork'], 'True')" in conditions


# --- all -----------------------------------------------------------------------------------------------------

SCHEMAS = {
    "github-actions.yml": ("vendor.github-workflows",),
    "gitlab-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "azure-pipelines.yml": (
        "vendor.azure-pipelines",
        "--data-transform",
        "azure-pipelines",
        "--regex-variant",
        "nonunicode",
    ),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_one_by_its_schema(name: str) -> None:
    """check-jsonschema knows the schema of each build's files; ctxreview is installed by the same line in all."""
    assert {path.name for path in FOLDER.glob("*.yml")} == set(SCHEMAS)
    command = (BIN / "check-jsonschema", "--builtin-schema", *SCHEMAS[name], FOLDER / name)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert set(re.findall(r"pip .*", (FOLDER / name).read_text())) == {INSTALL}


def test_the_workflow_is_safe_by_zizmor() -> None:
    """zizmor, without a network, has nothing to say of the workflow, as strict as it is."""
    command = (BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", FOLDER / "github-actions.yml")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout
