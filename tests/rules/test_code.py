"""Rules about the code itself. Each names the bug that it catches."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from onewindow.org.privacy import DECLARED

ROOT = Path(__file__).parent.parent.parent / "onewindow"
CODE = [p for p in ROOT.rglob("*.py") if "migrations" not in p.parts]
OURS = [m for m in apps.get_models() if m.__module__.startswith("onewindow.")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


THIN = {"views.py", "public.py", "api.py", "counter.py"}


@pytest.mark.parametrize("path", [p for p in CODE if p.name in THIN], ids=name)
def test_pages_reach_rows_only_through_what_the_person_may_see(path):
    """Bug: a page that lists or opens another office's case, because somebody wrote ``.objects.get``."""
    bad = []
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if (
            re.search(r"\.(objects|_base_manager|_default_manager)\b", line)
            and "seen_by" not in line
            and "published" not in line
        ):
            bad.append(f"{name(path)}:{n}: {line.strip()}")
    assert bad == []


@pytest.mark.parametrize("path", CODE, ids=name)
def test_the_status_of_a_case_is_written_in_one_place(path):
    """Bug: a status that changed without a step, so without event, clock and check."""
    if name(path) in {"cases/flow.py"}:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "status":
                base = ast.unparse(target.value)
                assert base not in {"a", "case", "application", "draft", "app"}, f"{name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_the_time_of_record_comes_from_one_clock(path):
    """Bug: an event dated by a clock that the simulator, or the database, does not share."""
    if name(path) in {"cases/instant.py"}:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"now", "utcnow", "today"}
        ):
            base = ast.unparse(node.func.value)
            assert base not in {
                "datetime",
                "dt.datetime",
                "date",
                "dt.date",
                "datetime.datetime",
                "datetime.date",
            }, f"{name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_file_is_too_long_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("path", CODE, ids=name)
def test_nothing_hides_behind_a_signal_or_a_save(path):
    """Bug: a consequence that nobody sees at the place where it is caused."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\b(models\.signals|core\.signals|receiver\(|post_save|post_delete|pre_delete|m2m_changed)", text
    )
    if path.name == "models.py":
        assert not re.search(r"def (save|delete)\(", text)


SMELLS = re.compile(r"(^|_)(name|mobile|phone|id_number|contact|address|ip|email|text|body|username)$")
#: Fields that smell of a person and are none, each with the reason.
HARMLESS = {
    "name": "names of regions, offices, halls, counters, items, bundles, materials, codes, festivals and devices are public",
    "phone": "the telephone of an office or hall is public",
    "address": "the address of a hall is public",
}
PUBLIC = {
    "Region", "Office", "Hall", "Counter", "CalendarDay", "Item", "MaterialSpec", "Code", "Indicator", "Device",
    "Dataset", "Bundle", "MatterGroup",
}  # fmt: skip
#: An account's own e-mail is kept for the account; an answer kept for a program is sealed by its short life; whom to call
#: about an item stands in its guide; the wording of a letter is a form.
EXCEPT = {
    ("Person", "email"), ("Person", "username"), ("FirstAnswer", "body"), ("ItemVersion", "consult_phone"),
    ("ItemVersion", "complaint_phone"), ("Wording", "text"),
}  # fmt: skip


@pytest.mark.parametrize("model", OURS, ids=lambda m: m.__name__)
def test_every_personal_field_is_declared(model):
    """Bug: a new column with personal data that no mask, no export rule and no deletion knows of (PIPL 51)."""
    for field in model._meta.concrete_fields:
        if model.__name__ in PUBLIC and field.name in HARMLESS:
            continue
        if (model.__name__, field.name) in EXCEPT:
            continue
        if SMELLS.search(field.name) and isinstance(
            field, (models.CharField, models.TextField, models.GenericIPAddressField)
        ):
            assert field.name in DECLARED.get(model, {}), (
                f"{model.__name__}.{field.name}: declare it with @personal"
            )


def test_declared_fields_exist():
    for model, fields in DECLARED.items():
        known = {f.name for f in model._meta.concrete_fields}
        assert set(fields) <= known, model


@pytest.mark.parametrize("model", OURS, ids=lambda m: m.__name__)
def test_foreign_keys_point_down(model):
    """Bug: an import cycle through the database."""
    order = [
        "org", "cases", "exchange", "catalog", "licences", "pledges", "approvals", "window", "issues", "hall", "walks", "voice", "my",
        "board", "sim",
        "config",
    ]  # fmt: skip
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label in order:
            assert order.index(field.related_model._meta.app_label) <= order.index(model._meta.app_label)


TEMPLATES = list((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_inline_script_or_style(path):
    """Bug: a page that works here and is blank under the strict content security policy."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=\"", text)
    assert not re.search(r"<style\b", text) or "svg" in path.name
    assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/(ld\+)?json\"))", text)
    assert "|safe" not in text and "autoescape off" not in text
