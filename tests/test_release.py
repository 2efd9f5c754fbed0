"""A release is prepared by one command, and is refused where something is not ready; citation and templates parse."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
release = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(release)


@pytest.fixture
def root(tmp_path):
    """The files of this repository that a release changes."""
    for name in [*release.VERSIONS, "CHANGELOG.md"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- news\n\n## 0.0.1\n\n- old\n")
    return tmp_path


def contents(root):
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_the_version_stands_everywhere_and_the_notes_are_the_news(root):
    release.main(["9.1.0"], root, "2030-01-02")
    for name, pattern in release.VERSIONS.items():
        assert re.findall(pattern, (root / name).read_text()) == ["9.1.0"]
    assert "date-released: 2030-01-02" in (root / "CITATION.cff").read_text()
    changelog = (root / "CHANGELOG.md").read_text()
    assert changelog.startswith("# Changelog\n\n## Unreleased\n\n## 9.1.0 (2030-01-02)\n\n- news\n\n## 0.0.1")
    assert (root / "dist" / "notes-9.1.0.md").read_text() == "# groklens 9.1.0\n\n- news\n"
    with pytest.raises(release.CannotRelease, match="nothing under"):
        release.main(["9.2.0"], root)


def test_a_dry_run_says_it_and_writes_nothing(root):
    before = contents(root)
    said = release.main(["9.1.0", "--dry-run"], root)
    assert contents(root) == before
    assert set(said.splitlines()) == {
        f"would write {name}" for name in [*release.VERSIONS, "CHANGELOG.md", "dist/notes-9.1.0.md"]
    }


@pytest.mark.parametrize("version", ["", "0.0.9", "0.1.0", "1.0", "v9.0.0", "9.0.0rc1"])
def test_a_version_that_does_not_follow_is_refused(root, version):
    before = contents(root)
    with pytest.raises(release.CannotRelease, match="does not follow"):
        release.main([version], root)
    assert contents(root) == before


def test_versions_that_differ_are_refused(root):
    text = (root / "CITATION.cff").read_text()
    (root / "CITATION.cff").write_text(re.sub(r"(?m)^version: .*$", "version: 0.0.7", text))
    with pytest.raises(release.CannotRelease, match="differ"):
        release.main(["9.0.0"], root)


def test_this_repository_could_be_released():
    """The version is the same everywhere today."""
    found = {re.search(pattern, (ROOT / name).read_text())[1] for name, pattern in release.VERSIONS.items()}
    assert len(found) == 1


def test_citation_and_templates_are_what_their_readers_expect():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "version", "date-released", "license"} <= set(
        citation
    )
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) >= 3
    for form in forms:
        values = yaml.safe_load(form.read_text())
        if form.name != "config.yml":
            assert {"name", "description", "body"} <= set(values)
            ids = [each["id"] for each in values["body"] if each["type"] != "markdown"]
            assert len(ids) == len(set(ids))
