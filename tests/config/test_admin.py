"""The administration pages: whom they open for, what can be changed there, what is never shown."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from onewindow.catalog.models import Code
from onewindow.org.models import Parameter, Person, Post
from onewindow.org.privacy import DECLARED
from onewindow.org.roles import Role

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db


@pytest.fixture
def it(town, client):
    client.force_login(town.it, backend=BACKEND)
    return client


def post_row(n=0, **facts):
    row = {"id": "", "role": "", "office": "", "hall": "", "starts_on": "", "ends_on": ""} | facts
    return {f"posts-{n}-{key}": str(value) for key, value in row.items()}


def management(total, initial=0):
    return {"posts-TOTAL_FORMS": total, "posts-INITIAL_FORMS": initial}


def account(person, **more):
    return {"username": person.username, "name": person.name, "is_active": "on"} | more


#: Fields, columns, filters and headings of an administration page (a row's own name is a th with the class of its field).
NAMED = re.compile(
    r'<(label|th|h1|h2|h3|caption|summary|legend)\b(?! class="field-)[^>]*>(.*?)</\1>', re.DOTALL
)


def english_names(page):
    """What stands on the page as the name of something and has no Chinese in it."""
    texts = [re.sub(r"<[^>]+>|\s+", " ", found[2]).strip() for found in NAMED.finditer(page.content.decode())]
    return {t for t in texts if re.search("[A-Za-z]", t) and not re.search("[\u4e00-\u9fff]", t)}


def test_every_page_of_the_administration_opens_for_the_administrator_and_is_chinese(town, it):
    case = town.accepted()
    english = {}
    for model in admin.site._registry:
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = it.get(path)
        assert page.status_code == 200, path
        english[path] = english_names(page)
        if row := model._base_manager.first():
            change = it.get(
                reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
            )
            assert change.status_code == 200, path
            english[path] |= english_names(change) - {case.number, str(row)}
    start = it.get("/admin/")
    assert start.status_code == 200 and english_names(start) == set()
    assert {path: names for path, names in english.items() if names} == {}


def test_no_field_of_an_administration_page_lacks_its_chinese():
    """Also of tables that are empty here, whose pages have no row to open."""
    shown = {m for m, page in admin.site._registry.items() for m in (m, *(i.model for i in page.inlines))}
    lacking = [
        f"{model.__name__}.{field.name}"
        for model in shown
        for field in model._meta.fields + model._meta.many_to_many
        if field.name != "id" and not re.search("[\u4e00-\u9fff]", str(field.verbose_name))
    ]
    assert lacking == [], "write them into config/admin_labels.py"


def test_an_english_page_says_what_django_says(town, it):
    it.cookies["ow_lang"] = "en"
    page = it.get("/admin/org/hall/").content.decode()
    assert "Opens at" in page and "上班时间" not in page


@pytest.mark.parametrize("who", ["li", "wang", "head", "zhou", "bai", "leader", "firm", "nobody"])
def test_the_administration_is_shut_for_all_others(town, client, who):
    person = getattr(town, who)
    Person.objects.filter(pk=person.pk).update(is_staff=True, is_superuser=True)  # flags open nothing
    client.force_login(person, backend=BACKEND)
    for path in ("/admin/", "/admin/org/person/", "/admin/org/person/1/change/", "/admin/cases/event/"):
        answer = client.get(path, follow=True)
        assert answer.status_code == 403 and "changelist" not in answer.content.decode(), path


def test_strangers_are_sent_to_the_one_sign_in_page(town, client):
    assert client.get("/admin/org/person/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/org/")["Location"] == "/accounts/login/?next=/admin/org/"
    assert client.post("/admin/login/", {"username": "it", "password": "x"})["Location"].startswith(
        "/accounts/login/"
    )


def test_the_administrator_opens_an_account_and_gives_a_dated_post(town, it):
    password = "three cranes over the lake"
    facts = {
        "username": "zhao",
        "usable_password": "true",
        "password1": password,
        "password2": password,
        "name": "赵新人",
    }
    assert it.post("/admin/org/person/add/", facts | management(0)).status_code == 302
    zhao = Person.objects.get(username="zhao")
    today = timezone.localdate()
    rows = management(1) | post_row(
        role="clerk", office=town.bureau.pk, hall=town.hall.pk, starts_on=today, ends_on=today
    )
    assert it.post(f"/admin/org/person/{zhao.pk}/change/", account(zhao) | rows).status_code == 302
    assert Person.objects.get(pk=zhao.pk).has_role(Role.CLERK)
    assert not zhao.posts.on(today + dt.timedelta(days=1)).exists()


def test_a_clerk_without_a_hall_is_refused_at_the_field(town, it):
    rows = management(1) | post_row(role="clerk", office=town.bureau.pk, starts_on=timezone.localdate())
    page = it.post(f"/admin/org/person/{town.nobody.pk}/change/?lang=en", account(town.nobody) | rows)
    assert page.status_code == 200 and "choose it" in page.content.decode()
    assert not town.nobody.posts.exists()


def test_a_post_that_was_entered_keeps_its_role_and_first_day(town, it):
    held = town.wang.posts.get()
    rows = management(1, 1) | post_row(
        id=held.pk, role="leader", office=town.bureau.pk, starts_on="2000-01-01", ends_on="2026-12-31"
    )
    rows["posts-0-person"] = town.wang.pk
    assert it.post(f"/admin/org/person/{town.wang.pk}/change/", account(town.wang) | rows).status_code == 302
    held.refresh_from_db()
    assert (held.role, held.office, held.ends_on) == (Role.APPROVER, town.msa, dt.date(2026, 12, 31))
    assert held.starts_on == dt.date(2020, 1, 1)


def test_the_administrator_gives_himself_no_post(town, it):
    held = town.it.posts.get()
    rows = (
        management(2, 1)
        | post_row(id=held.pk)
        | post_row(1, role="bureau", office=town.bureau.pk, starts_on="2026-01-01")
    )
    it.post(f"/admin/org/person/{town.it.pk}/change/", account(town.it) | rows)
    assert list(town.it.posts.values_list("role", flat=True)) == ["admin"]


def test_who_gives_rights_holds_no_other_post_at_the_same_time(town, it):
    second = Person.objects.create_user("it2", password="three cranes over the lake", name="第二人")
    rows = (
        management(2)
        | post_row(role="admin", office=town.bureau.pk, starts_on="2026-01-01")
        | post_row(1, role="approver", office=town.msa.pk, starts_on="2026-06-01")
    )
    page = it.post(f"/admin/org/person/{second.pk}/change/?lang=en", account(second) | rows)
    assert "who gives rights must not use them" in page.content.decode() and not second.posts.exists()
    rows["posts-0-ends_on"] = "2026-05-31"
    assert it.post(f"/admin/org/person/{second.pk}/change/", account(second) | rows).status_code == 302
    assert second.posts.count() == 2


def test_flags_and_groups_cannot_be_set(town, it):
    it.post(
        f"/admin/org/person/{town.li.pk}/change/",
        account(town.li, is_superuser="on", is_staff="on", name="改名") | management(0),
    )
    town.li.refresh_from_db()
    assert (town.li.name, town.li.is_superuser, town.li.is_staff) == ("改名", False, False)


def test_nothing_is_deleted_and_records_are_not_changed(town, it):
    case = town.accepted()
    for path in (
        f"org/person/{town.li.pk}",
        f"window/application/{case.pk}",
        "cases/event/1",
        f"org/post/{Post.objects.first().pk}",
    ):
        assert it.post(f"/admin/{path}/delete/", {"post": "yes"}).status_code in (403, 404), path
    assert it.post(f"/admin/window/application/{case.pk}/change/", {"status": "decided"}).status_code == 403
    assert it.post("/admin/window/application/add/", {}).status_code == 403


def test_personal_fields_of_cases_are_nowhere_in_the_administration(town, it):
    case = town.accepted(applicant=town.applicant(name="欧阳不见", address="石门里七号"))
    secret = [
        "欧阳不见",
        case.id_number,
        case.mobile,
        "石门里七号",
        case.track_token,
        case.query_code,
        case.id_digest,
    ]
    for model in (m for m in admin.site._registry if m._meta.app_label in ("window", "cases", "voice")):
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [
            reverse(f"{label}_changelist"),
            *(reverse(f"{label}_change", args=[r.pk]) for r in model._base_manager.all()[:3]),
        ]
        for path in pages:
            text = it.get(path).content.decode()
            assert [text[text.index(s) - 200 : text.index(s)] for s in secret if s in text] == [], path
        hidden = admin.site._registry[model].exclude or ()
        fields = admin.site._registry[model].fields
        assert fields or set(DECLARED.get(model, {})) <= set(hidden), model


def test_what_has_a_history_is_shown_here_and_changed_under_the_catalogue_alone(town, it):
    Parameter.objects.create(code="notice_limit", value="3wd")
    for model, pk in (
        ("org/parameter", Parameter.objects.get().pk),
        ("catalog/item", town.food.item_id),
        ("catalog/code", Code.objects.first().pk),
    ):
        assert it.get(f"/admin/{model}/{pk}/change/").status_code == 200
        assert it.post(f"/admin/{model}/{pk}/change/", {"value": "6wd"}).status_code == 403
        assert it.get(f"/admin/{model}/add/").status_code == 403
    assert Parameter.objects.get().value == "3wd"


def test_a_published_version_of_an_item_is_not_edited(town, it):
    path = f"/admin/catalog/itemversion/{town.food.pk}/change/"
    assert it.get(path).status_code == 200
    assert it.post(path, {"promised_limit": "30wd"}).status_code == 403
    town.food.refresh_from_db()
    assert town.food.promised_limit == "5wd"


def test_every_sealed_field_is_declared_personal():
    from django.apps import apps

    from onewindow.org.sealed import SealedField

    sealed = [(m, f.name) for m in apps.get_models() for f in m._meta.fields if isinstance(f, SealedField)]
    assert [(m.__name__, name) for m, name in sealed if name not in DECLARED.get(m, {})] == []


@pytest.mark.parametrize(
    ("lang", "names"),
    [("zh-hans", ["访问日志", "督办阶梯", "终端设备"]), ("en", ["Access logs", "Rungs", "Devices"])],
)
def test_what_is_kept_has_its_name_in_both_languages(it, lang, names):
    it.cookies["ow_lang"] = lang
    page = it.get("/admin/").content.decode()
    assert [name for name in names if f">{name}</a>" not in page] == []
    title = it.get("/admin/org/accesslog/").context["title"]
    assert ("访问日志" in title) == (lang == "zh-hans")
