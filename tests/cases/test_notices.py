"""A member of staff is told inside the product what concerns him, once, and nobody reads what another was told."""

import pytest

from onewindow.cases.models import Notice
from onewindow.cases.notices import bilingual, say, tell, unread

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
say("test.late", "%(matter)s is late", icon="hourglass")


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def test_a_reaction_that_runs_twice_tells_once(town):
    for _ in range(2):
        tell([town.wang, town.head], "test.late", key="7", matter=bilingual(town.food.item))
    assert Notice.objects.count() == 2 and unread(town.wang) == unread(town.head) == 1


def test_the_bell_counts_and_the_list_reads_in_the_reader_s_language(town, sign_in):
    a = town.accepted()
    tell([town.wang], "test.late", key="1", number=a.number, matter=bilingual(town.food.item))
    client = sign_in(town.wang)
    page = client.get("/desk/notices/")
    assert page.context["unread"] == 1 and "食品经营许可（新办） is late" in page.content.decode()
    assert (
        "Food business licence (new) is late"
        in client.get("/desk/notices/?lang=en&show=all").content.decode()
    )


def test_opening_a_notice_reads_it_and_leads_to_its_case(town, sign_in):
    a = town.accepted()
    tell([town.wang], "test.late", key="1", number=a.number, matter="x")
    notice = Notice.objects.get()
    assert sign_in(town.qian).post(f"/desk/notices/{notice.pk}/").status_code == 404
    assert Notice.objects.get().read_at is None
    assert sign_in(town.wang).post(f"/desk/notices/{notice.pk}/").url == f"/desk/{a.number}/"
    assert unread(town.wang) == 0 and Notice.objects.get().read_at is not None


def test_marking_all_as_read_leaves_what_came_since_and_what_others_have(town, sign_in):
    for n in range(3):
        tell([town.wang, town.qian], "test.late", key=str(n), matter="x")
    client = sign_in(town.wang)
    newest = client.get("/desk/notices/").context["newest"]
    tell([town.wang], "test.late", key="later", matter="x")
    client.post("/desk/notices/read/", {"up_to": newest})
    assert (unread(town.wang), unread(town.qian)) == (1, 3)


@pytest.mark.parametrize("up_to", ["", "x", "-1", "9" * 30])
def test_a_strange_mark_changes_nothing(town, sign_in, up_to):
    tell([town.wang], "test.late", key="1", matter="x")
    assert sign_in(town.wang).post("/desk/notices/read/", {"up_to": up_to}).status_code == 302
    assert unread(town.wang) == 1


def test_pages_of_notices_follow_each_other(town, sign_in):
    for n in range(65):
        tell([town.wang], "test.late", key=str(n), matter=str(n))
    client, seen, cursor = sign_in(town.wang), [], ""
    while True:
        page = client.get("/desk/notices/", {"cursor": cursor} if cursor else {})
        seen += [line["notice"].pk for line in page.context["lines"]]
        if not (cursor := page.context["next"]):
            break
    assert len(seen) == len(set(seen)) == 65 and seen == sorted(seen, reverse=True)
