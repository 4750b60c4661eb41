"""tools/tr.py: nobody overwrites another's Chinese without seeing it."""

import polib
import pytest

from tools import tr


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """A catalogue of its own; gives what stands in it."""
    file = tmp_path / "django.po"
    monkeypatch.setattr(tr, "PO", file)
    return lambda: {e.msgid: e.msgstr_plural.get(0) or e.msgstr for e in polib.pofile(str(file))}


def test_a_text_that_is_new_or_says_the_same_goes_in(catalogue, capsys):
    assert tr.main([], '{"Accept": "受理", "%(n)s day": ["%(n)s days", "%(n)s 天"]}') == 0
    assert (
        tr.main([], '{"Accept": "受理", "%(n)s day": ["%(n)s days", "%(n)s 天"], "Refuse": "不予受理"}') == 0
    )
    assert capsys.readouterr().out == "2 new\n1 new\n"
    assert catalogue() == {"Accept": "受理", "%(n)s day": "%(n)s 天", "Refuse": "不予受理"}


def test_another_translation_is_refused_and_both_are_shown(catalogue, capsys):
    tr.main([], '{"Accept": "受理", "%(n)s day": ["%(n)s days", "%(n)s 天"]}')
    assert (
        tr.main([], '{"Accept": "接受", "%(n)s day": ["%(n)s days", "%(n)s 日"], "Refuse": "不予受理"}') == 1
    )
    said = capsys.readouterr()
    assert said.out.endswith("1 new\n")
    assert "KEPT 'Accept'\n  there: 受理\n  given: 接受\n" in said.err
    assert "KEPT '%(n)s day'\n  there: %(n)s 天\n  given: %(n)s 日\n" in said.err
    assert catalogue() == {"Accept": "受理", "%(n)s day": "%(n)s 天", "Refuse": "不予受理"}


def test_replacing_is_said_aloud(catalogue, capsys):
    tr.main([], '{"Accept": "接受"}')
    assert tr.main(["--replace"], '{"Accept": "受理"}') == 0
    assert capsys.readouterr().out.endswith("0 new, 1 replaced\n")
    assert catalogue() == {"Accept": "受理"}


def test_the_same_words_in_two_contexts_are_two_texts(catalogue):
    assert tr.main([], '{"Open": "打开", "light\\u0004Open": "在办"}') == 0
    assert tr.main([], '{"light\\u0004Open": "办理中"}') == 1


def test_no_input_changes_nothing(catalogue, capsys):
    tr.main([], '{"Accept": "受理"}')
    before = tr.PO.read_bytes()
    assert tr.main([], "") == 0 and tr.PO.read_bytes() == before
    assert tr.PO.with_suffix(".mo").exists()
