"""The shared cache in service: what counts wrong tries may not fall out of it on a busy morning."""

import pytest
from django.core.cache import cache
from django.core.management import call_command

from onewindow.window import rate

BUSY = 1_000


@pytest.fixture
def shared(db, settings):
    """The cache as in service, a table; tests otherwise keep theirs in memory."""
    table = settings.CACHES["default"] | {"BACKEND": "django.core.cache.backends.db.DatabaseCache"}
    settings.CACHES = {"default": table}
    call_command("createcachetable", verbosity=0)
    return cache


def test_wrong_tries_of_one_are_still_counted_when_a_thousand_others_have_tried(shared):
    for _ in range(3):
        rate.count("link", "10.0.0.1", seconds=86_400)
    shared.set("worker-beat", 1, 120)
    for n in range(BUSY):
        rate.count("link", f"10.1.{n // 256}.{n % 256}", seconds=86_400)
    assert rate.spent("link", "10.0.0.1", most=3, seconds=86_400)
    assert all(rate.spent("link", f"10.1.{n // 256}.{n % 256}", most=1, seconds=86_400) for n in range(BUSY))
    assert shared.get("worker-beat") == 1
