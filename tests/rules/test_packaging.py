"""What the project says of itself in several places is one and the same."""

import re
import tomllib

import pytest

from onewindow import __version__
from onewindow.config.settings import PROJECT_DIR


def text(name):
    return (PROJECT_DIR / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("CHANGELOG.md", r"(?m)^## (\S+)"),
        ("package.json", r'"version": "([^"]+)"'),
        ("package-lock.json", r'"version": "([^"]+)"'),
        ("publiccode.yml", r'softwareVersion: "([^"]+)"'),
    ],
)
def test_the_version_is_the_same_everywhere(name, pattern):
    assert re.search(pattern, text(name))[1] == __version__


def test_the_package_asks_for_what_the_pinned_requirements_are_made_from():
    wanted = tomllib.loads(text("pyproject.toml"))["project"]["dependencies"]
    lines = text("requirements.in").splitlines()
    assert wanted == [line for line in lines if line and not line.startswith("#")]


def test_every_pinned_package_has_a_hash():
    for name in ("requirements.txt", "requirements-dev.txt"):
        blocks = re.split(r"(?m)^(?=[a-z0-9])", text(name))
        bare = [b.splitlines()[0] for b in blocks if re.match(r"[a-z0-9]", b) and "--hash=sha256:" not in b]
        assert bare == []


def test_the_front_end_lock_names_no_download_address():
    lock = text("package-lock.json")
    assert '"resolved"' not in lock
    assert "://" not in lock
