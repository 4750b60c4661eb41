"""The staff menu: what fits the screen of a counter stands in it, the rest behind "More"."""

import pytest

from onewindow.org import rail

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def test_who_has_many_places_finds_the_later_ones_behind_more(town, client):
    client.force_login(town.li, backend=BACKEND)
    rows = client.get("/desk/counter/today/").context["rail"]
    assert [r["rare"] for r in rows] == [False] * rail.FITS + [True] * (len(rows) - rail.FITS)
    last = rows[-1]["url"]
    answer = client.get(last)
    here = next(r for r in answer.context["rail"] if r["url"] == last)
    assert here["current"] and not here["rare"], "where one is stands in the menu"
    assert answer.context["rail_more"] == 0 and 'class="ow-rail__more"' in answer.content.decode()


def test_who_has_few_places_has_no_more(town, client):
    client.force_login(town.leader, backend=BACKEND)
    answer = client.get("/desk/search/")
    assert answer.context["rail_more"] is None and "ow-rail__more" not in answer.content.decode()
