"""An item that three departments handle: two at once, then one more."""

import pytest

from onewindow.cases.worker import follow
from onewindow.catalog.models import ItemVersion

PLAN = [
    {
        "stage": 1,
        "office": "HEALTH",
        "title": "卫生审查",
        "title_en": "Hygiene",
        "limit": "2wd",
        "legal_limit": "5wd",
    },
    {
        "stage": 1,
        "office": "HRSS",
        "title": "用工审查",
        "title_en": "Labour",
        "limit": "1wd",
        "legal_limit": "",
    },
    {
        "stage": 2,
        "office": "YSJ",
        "title": "汇总复核",
        "title_en": "Review",
        "limit": "1wd",
        "legal_limit": "",
    },
]


@pytest.fixture
def joint(town):
    """The town; its food licence now needs three departments. ``town.hr`` approves for HRSS, ``town.ys`` for YSJ."""
    import datetime as dt

    from onewindow.org.models import Office, Person, Post
    from onewindow.org.roles import Role

    ItemVersion.objects.filter(pk=town.food.pk).update(plan=PLAN)
    town.food.plan = PLAN
    for name, code in (("hr", "HRSS"), ("ys", "YSJ")):
        who = Person.objects.create_user(name, password="x", name=f"{name}审批")
        Post.objects.create(
            person=who,
            role=Role.APPROVER,
            office=Office.objects.get(code=code),
            starts_on=dt.date(2020, 1, 1),
        )
        setattr(town, name, who)
    return town


def settle():
    """Runs everything that follows from what happened."""
    while follow():
        pass
