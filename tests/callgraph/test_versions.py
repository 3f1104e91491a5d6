"""What a project targets, and in which versions it uses the libraries that read and write its data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctxreview.callgraph.frameworks.versions import project_versions
from ctxreview.model.source import Source

CSPROJ = '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>{target}</TargetFramework></PropertyGroup><ItemGroup>{uses}</ItemGroup></Project>'
USES = {
    "by attribute": '<PackageReference Include="Dapper" Version="2.1.35" />',
    "the other way round": '<PackageReference Version="2.1.35" Include="Dapper"></PackageReference>',
    "by element": '<PackageReference Include="Dapper"><Version>2.1.35</Version></PackageReference>',
}


def said(tmp_path: Path, files: dict[str, str], path: str = "src/Shop/Data/Orders.cs") -> list[str]:
    """The sentences for a source file among these project files."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return list(project_versions(Source(path, b"class C { }", root=tmp_path), "csharp"))


@pytest.mark.parametrize("form", USES)
def test_the_nearest_project_says_it(tmp_path: Path, form: str) -> None:
    """The project file above the source counts, one further up does not; a library that has nothing to do with data is not told."""
    files = {
        "src/Shop/Shop.csproj": CSPROJ.format(
            target="net8.0", uses=USES[form] + '<PackageReference Include="Serilog" Version="4.0.0" />'
        ),
        "Other.csproj": CSPROJ.format(
            target="net6.0", uses='<PackageReference Include="NHibernate" Version="5.5.2" />'
        ),
    }
    assert said(tmp_path, files) == [
        "The project targets net8.0 (src/Shop/Shop.csproj).",
        "Dapper is used in version 2.1.35 (src/Shop/Shop.csproj).",
    ]


def test_versions_that_projects_share(tmp_path: Path) -> None:
    """Central versions and properties of folders further up are looked up; what the project does not use itself is told apart."""
    files = {
        "src/Shop/Shop.csproj": CSPROJ.format(target="$(Target)", uses='<PackageReference Include="Npgsql" />'),
        "Directory.Build.props": "<Project><PropertyGroup><Target>net8.0;net9.0;</Target><Db>9.0.2</Db></PropertyGroup></Project>",
        "Directory.Packages.props": (
            '<Project><ItemGroup><PackageVersion Include="Npgsql" Version="$(Db)" /><PackageVersion Include="MySql.Data" Version="8.0.31" />'
            '<PackageVersion Include="Dapper" Version="2.1.35" /></ItemGroup></Project>'
        ),
    }
    assert said(tmp_path, files) == [
        "The project targets net8.0 and net9.0 (src/Shop/Shop.csproj).",
        "Npgsql is used in version 9.0.2 (Directory.Packages.props).",
        "Versions for the projects of the repository that use them: MySql.Data 8.0.31, Dapper 2.1.35 (Directory.Packages.props).",
    ]


def test_where_nothing_says_it(tmp_path: Path) -> None:
    """Without a project file nothing is said, and nothing of a library in no version."""
    assert said(tmp_path, {}) == []
    assert said(tmp_path, {"src/A.csproj": '<Project><PackageReference Include="Dapper" /></Project>'}) == []


def test_a_hostile_project_file(tmp_path: Path) -> None:
    """A pipe is not waited for, a link out of the repository and a file of many megabytes are not read, a long value is cut."""
    inside = tmp_path / "repository"
    (inside / "src").mkdir(parents=True)
    (tmp_path / "Secret.csproj").write_text(CSPROJ.format(target="net8.0", uses=""), "utf-8")
    (inside / "src" / "A.csproj").symlink_to(tmp_path / "Secret.csproj")
    os.mkfifo(inside / "src" / "Directory.Build.props")
    (inside / "Directory.Packages.props").write_bytes(b"<TargetFramework>net7.0</TargetFramework>" + b" " * (1 << 20))
    assert said(inside, {}, "src/a.cs") == []
    (inside / "Directory.Packages.props").write_text(f"<TargetFramework>{'n' * 150}\n</TargetFramework>", "utf-8")
    assert said(inside, {}, "src/a.cs") == [f"The project targets {'n' * 80} (Directory.Packages.props)."]
