"""Rules about the code itself. Each names the bug that it catches."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import models

from onewindow.org.privacy import DECLARED

ROOT = Path(__file__).parent.parent.parent / "onewindow"
CODE = [p for p in ROOT.rglob("*.py") if "migrations" not in p.parts]
TEMPLATES = list((ROOT / "templates").rglob("*.html"))
OURS = [m for m in apps.get_models() if m.__module__.startswith("onewindow.")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


THIN = {"views.py", "public.py", "api.py", "counter.py"}


# A rule goes through all files in one test, and says all that breaks it: a test a rule and file took half of the suite's tests.


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Where each line stands, and the line."""
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield f"{name(path)}:{n}", line


def nodes(*but: str) -> Iterator[tuple[str, ast.AST]]:
    """Where each piece of syntax stands, and the piece."""
    for path in CODE:
        if name(path) not in but:
            for node in ast.walk(tree(path)):
                yield f"{name(path)}:{getattr(node, 'lineno', 0)}", node


@cache
def tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_all_files_are_looked_at():
    assert len(CODE) > 400 and len(TEMPLATES) > 200 and len(OURS) > 80


def test_pages_reach_rows_only_through_what_the_person_may_see():
    """Bug: a page that lists or opens another office's case, because somebody wrote ``.objects.get``."""
    assert [
        f"{place}: {line.strip()}"
        for path in CODE
        if path.name in THIN
        for place, line in lines(path)
        if re.search(r"\.(objects|_base_manager|_default_manager)\b", line)
        and "seen_by" not in line
        and "published" not in line
    ] == []


def test_the_status_of_a_case_is_written_in_one_place():
    """Bug: a status that changed without a step, so without event, clock and check."""
    bad = []
    for place, node in nodes("cases/flow.py"):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "status":
                if ast.unparse(target.value) in {"a", "case", "application", "draft", "app"}:
                    bad.append(place)
    assert bad == []


CLOCKS = {"datetime", "dt.datetime", "date", "dt.date", "datetime.datetime", "datetime.date"}


def test_the_time_of_record_comes_from_one_clock():
    """Bug: an event dated by a clock that the simulator, or the database, does not share."""
    assert [
        place
        for place, node in nodes("cases/instant.py")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.func.value) in CLOCKS
    ] == []


def test_no_file_is_too_long_to_read():
    assert [name(path) for path in CODE if len(list(lines(path))) > 600] == []


def test_nothing_hides_behind_a_signal_or_a_save():
    """Bug: a consequence that nobody sees at the place where it is caused."""
    hidden = r"\b(models\.signals|core\.signals|receiver\(|post_save|post_delete|pre_delete|m2m_changed)"
    assert [
        place
        for path in CODE
        for place, line in lines(path)
        if re.search(hidden, line) or (path.name == "models.py" and re.search(r"def (save|delete)\(", line))
    ] == []


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


def test_every_personal_field_is_declared():
    """Bug: a new column with personal data that no mask, no export rule and no deletion knows of (PIPL 51). Declare it with
    ``@personal``."""
    texts = (models.CharField, models.TextField, models.GenericIPAddressField)
    assert [
        f"{model.__name__}.{field.name}"
        for model in OURS
        for field in model._meta.concrete_fields
        if SMELLS.search(field.name)
        and isinstance(field, texts)
        and not (model.__name__ in PUBLIC and field.name in HARMLESS)
        and (model.__name__, field.name) not in EXCEPT
        and field.name not in DECLARED.get(model, {})
    ] == []


def test_declared_fields_exist():
    for model, fields in DECLARED.items():
        known = {f.name for f in model._meta.concrete_fields}
        assert set(fields) <= known, model


def test_foreign_keys_point_down():
    """Bug: an import cycle through the database."""
    order = [
        "org", "cases", "exchange", "catalog", "licences", "pledges", "approvals", "window", "issues", "hall", "walks", "voice", "my",
        "board", "sim",
        "config",
    ]  # fmt: skip
    app = lambda model: order.index(model._meta.app_label) if model._meta.app_label in order else -1  # noqa: E731
    assert [
        str(field)
        for model in OURS
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and app(field.related_model) > app(model)
    ] == []


def test_no_inline_script_or_style():
    """Bug: a page that works here and is blank under the strict content security policy."""
    inline = (
        r"\sstyle=", r"\son[a-z]+=\"", r"\|safe", r"autoescape off",
        r"<script(?![^>]*\b(src=|type=\"application/(ld\+)?json\"))",
    )  # fmt: skip
    bad = []
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        rules = inline if "svg" in path.name else (*inline, r"<style\b")
        bad += [f"{name(path)}: {rule}" for rule in rules if re.search(rule, text)]
    assert bad == []
