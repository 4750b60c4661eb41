import pytest
from django.test import Client

from onewindow.cases.models import Message
from onewindow.data.people import firms
from onewindow.my import actions
from onewindow.my.identity import FAKE_FIRMS
from tests.town import citizen_id

#: the questions of the town's food licence
FORM = [
    {"name": "business", "label": "经营类别", "label_en": "Kind of business", "type": "choice",
     "options": [{"value": "sale", "label": "销售", "label_en": "Selling"}, {"value": "cook", "label": "餐饮", "label_en": "Cooking"}]},
    {"name": "seats", "label": "座位数", "label_en": "Seats", "type": "number", "show_if": {"business": "cook"}},
    {"name": "opens_on", "label": "开业日期", "label_en": "Opening day", "type": "date", "required": False},
]  # fmt: skip


@pytest.fixture
def town(town):
    """With a form for the food licence, so that it can be applied for online."""
    town.food.form = FORM
    town.food.save()
    return town


def code_of(mobile):
    """The six digits in the newest text to a mobile."""
    sent = [m for m in Message.objects.filter(template="code").order_by("-pk") if m.address == mobile]
    return "".join(c for c in sent[0].body if c.isdigit())[:6]


def account(n=1, *, name="", bound=True, mobile=""):
    """An open account, its name confirmed."""
    found = actions.enter(mobile or f"1990000{n:04d}")
    if bound and not found.is_bound:
        actions.bind(found, name=name or f"张三{n}", id_number=citizen_id(n))
        found.refresh_from_db()
    return found


def enter(found):
    """A browser in which this account is signed in."""
    client = Client()
    client.force_login(found.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def boss(n=0):
    """The legal representative of an invented firm, with his account, and the firm."""
    firm = list(firms(1, FAKE_FIRMS))[n]
    found = actions.enter(firm.contact.mobile)
    if not found.is_bound:
        actions.bind(found, name=firm.contact.name, id_number=firm.contact.id_number)
        found.refresh_from_db()
    return found, firm
