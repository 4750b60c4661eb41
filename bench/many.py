"""Much at once: a bundle of five with twelve approvals, a batch of five hundred decisions, a register of a million licences."""

from __future__ import annotations

import datetime as dt
import secrets
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.raw import Rows
from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Approval
from onewindow.cases import batch, instant
from onewindow.cases.models import Event, Followup
from onewindow.catalog.bundles import Whole, steps
from onewindow.catalog.models import Bundle, BundleStep, Item, ItemVersion
from onewindow.licences import actions as licences
from onewindow.licences.models import Licence
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role
from onewindow.window import actions, packages
from onewindow.window.models import Application, Document, Package, Paper, Result

#: five items with so many shares of other departments: twelve together
SHARES = (3, 3, 2, 2, 2)
BATCH = 500


def row(what: str, size: int, ours: float, limit: float, note: str = "") -> None:
    """``ours`` and ``limit`` in seconds."""
    print(
        f"  {what:34} {size:>7}  {ours * 1e3:>9.1f} ms   raw {limit * 1e3:>8.1f} ms   ratio {ours / limit:>6.2f}  {note}",
        flush=True,
    )


def timed(deed: Callable[[], Any]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


# --- a bundle ------------------------------------------------------------------------------------------------


class Replay(Rows):
    """The rows that one life of a package has written, written again under other numbers by the driver alone: the opening
    in one transaction, then one transaction a verdict and a decision."""

    def __init__(self, package: Package):
        apps = packages.children(package)
        shares = [b for a in apps for b in Approval.objects.of(a.number)]
        self.cases: list[Any] = [*apps, *shares]
        self.numbers = {c.number: c.PREFIX for c in self.cases} | {package.number: package.PREFIX}
        events = list(Event.objects.filter(number__in=self.numbers).order_by("id"))
        opened = {"application.receive", "application.accept", "application.register", "approval.open"}
        self.later = [e for e in events if e.kind in ("application.decide", "approval.approve")]
        self.first = [e for e in events if e not in self.later]
        assert {e.kind for e in self.first} <= opened | {"approval.begin"}, {e.kind for e in self.first}
        papers = list(Paper.objects.filter(application__in=apps))
        self.papers = papers
        self.documents = list(Document.objects.filter(application__in=apps))
        self.followups = {f.event_id: f for f in Followup.objects.filter(event__in=events)}
        connection.ensure_connection()
        self.db, self.is_pg = connection.connection, connection.vendor == "postgresql"
        self.mark = "%s" if self.is_pg else "?"
        self.package = package
        models: dict[Any, list[Any]] = {
            Package: [package], Application: apps, Approval: shares, Event: events,
            Followup: list(self.followups.values()), Document: self.documents, Paper: papers,
        }  # fmt: skip
        self.places = {model: {r.pk: n for n, r in enumerate(found)} for model, found in models.items()}
        self.tables = {model: self._insert(model, found) for model, found in models.items()}

    def _again(self, of: Any, new: dict[str, str], **changes: Any) -> Any:
        model = type(of)
        _sql, names, rows = self.tables[model]
        values = rows[self.places[model][of.pk]]
        swapped = {n: new[v] for n, v in zip(names, values, strict=True) if isinstance(v, str) and v in new}
        return self._put(model, self.places[model][of.pk], **(swapped | changes))

    def _event(self, event: Event, new: dict[str, str]) -> None:
        pk = self._again(event, new)
        if followup := self.followups.get(event.pk):
            self._again(followup, new, event_id=pk)

    def _paper(self, paper: Paper, application: int, new: dict[str, str]) -> None:
        code = secrets.token_hex(5)
        self._again(paper, new, application_id=application, verify_code=code, serial=secrets.randbelow(2**31))

    def live(self) -> None:
        new = {number: f"{prefix}{secrets.token_hex(6).upper()}X" for number, prefix in self.numbers.items()}
        keys: dict[str, int] = {}
        self.begin()
        self._again(self.package, new, track_digest=secrets.token_hex(32), track_token=secrets.token_hex(8))
        for case in self.cases:
            more = {"track_digest": secrets.token_hex(32)} if isinstance(case, Application) else {}
            keys[case.number] = self._again(case, new, **more)
        for event in self.first:
            self._event(event, new)
        for document in self.documents:
            self._again(document, new, application_id=keys[document.application.number])
        for paper in self.papers:
            if paper.kind != "grant":
                self._paper(paper, keys[paper.application.number], new)
        self.db.execute("COMMIT")
        grants = {p.application.number: p for p in self.papers if p.kind == "grant"}
        for event in self.later:
            self.begin()
            self._event(event, new)
            if event.number in grants and event.kind == "application.decide":
                self._paper(grants[event.number], keys[event.number], new)
            table = "approvals_approval" if event.number[0] == "B" else "window_application"
            sql = f'UPDATE "{table}" SET "status" = {{0}}, "version" = {{0}} WHERE "id" = {{0}}'.format(
                self.mark
            )
            self._run(sql.replace("{0}", self.mark), ("decided", event.seq, keys[event.number]))
            self.db.execute("COMMIT")


def _bundle() -> tuple[Bundle, dict[str, Person]]:
    """Five items, with twelve departments' shares in their plans, as one thing; who examines in each department."""
    offices = list(Office.objects.filter(kind="department").order_by("code"))
    approvers = {
        o.code: p
        for o in offices
        if (p := Person.objects.filter(posts__office=o, posts__role=Role.APPROVER, is_active=True).first())
    }
    items = [
        i
        for i in Item.objects.published().order_by("code")
        if i.current is not None and i.current.kind_code == "01" and i.current.for_enterprises
        if not i.current.is_immediate and i.office.code in approvers
    ][: len(SHARES)]
    bundle, _new = Bundle.objects.update_or_create(
        code="BENCH", defaults={"name": "五事联办", "name_en": "Five in one", "service_object": "E"}
    )
    bundle.steps.all().delete()
    for no, (item, shares) in enumerate(zip(items, SHARES, strict=True), 1):
        others = [code for code in approvers if code != item.office.code][:shares]
        plan = [
            {
                "stage": 1,
                "office": code,
                "title": "会审",
                "title_en": "Review",
                "limit": "3wd",
                "legal_limit": "",
            }
            for code in others
        ]
        ItemVersion.objects.filter(pk=item.current_id).update(plan=plan)
        BundleStep.objects.create(bundle=bundle, no=no, stage=1, item=item)
    return bundle, approvers


def bundle(town: Any, size: int, rounds: int) -> None:
    """From the press that opens it to the last of five decisions, with the verdicts of twelve departments."""
    found, approvers = _bundle()
    chosen = steps(found)
    papers = {p.no: ("paper", None) for p in Whole(chosen).materials}
    made: list[Package] = []

    def live() -> None:
        serial = secrets.randbelow(10**9)
        firm = {
            "kind": "enterprise", "name": "五事联办试验公司", "id_type": "uscc", "id_number": f"91239999MA{serial:08d}"[:18],
            "mobile": "19900000001",
        }  # fmt: skip
        key = secrets.token_hex(8)
        package = packages.open_package(
            key, found, chosen, by=town.clerk, applicant=firm, materials=papers, delivery_form="counter"
        )
        apps = packages.children(package)
        for a in apps:
            for b in Approval.objects.of(a.number).with_facts():
                approvals.approve(b, by=approvers[b.office.code], opinion="同意")
        for a in apps:
            actions.decide(a, by=approvers[a.office.code], result=Result.GRANT)
        made.append(package)

    live()
    assert sum(Approval.objects.of(a.number).count() for a in packages.children(made[0])) == sum(SHARES)
    replay = Replay(made[0])
    replay.live()
    pairs = [(timed(live), timed(replay.live)) for _ in range(rounds)]
    ours, limit = (statistics.median(p[n] for p in pairs) for n in (0, 1))
    written = sum(len(t[2]) for t in replay.tables.values())
    row("bundle: 5 children, 12 approvals", size, ours, limit, f"{written} rows, 18 transactions")


# --- a batch -------------------------------------------------------------------------------------------------


def batches(town: Any, rows: Rows, size: int, most: int = BATCH) -> None:
    """Five hundred decisions by one press: each looked at by itself, each in its own transaction, and the report."""
    waiting = [town.accept() for _ in range(most)]
    fresh = [rows.accept() for _ in range(most)]
    chosen = {a.number: a.version for a in waiting}
    report: list[Any] = []

    def ours() -> None:
        report.append(batch.run("decide", chosen, {"result": "grant"}, key="bench", by=town.approver))

    def limit() -> None:
        for one in fresh:
            rows.decide(one)

    mine, raw = timed(ours), timed(limit)
    done = sum(line["outcome"] == batch.DONE for line in report[0].lines)
    row(f"batch of {most} decisions", size, mine, raw, f"{done} done, {mine / most * 1e3:.1f} ms each")


# --- the register --------------------------------------------------------------------------------------------


def _fill(sample: Licence, size: int, today: dt.date) -> None:
    """``size`` licences from one, in the database itself: their next look is spread over the coming five years."""
    pg = connection.vendor == "postgresql"
    n = "s" if pg else "s.n"
    series = (
        f"generate_series(1, {size}) s"
        if pg
        else f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {size}) SELECT n FROM s) AS s"
    )

    def day(days: str) -> str:
        return f"DATE '{today}' + ({days})" if pg else f"date('{today}', '+' || ({days}) || ' days')"

    text = f"CAST({n} AS text)"
    changed = {
        "number": f"'L' || {text}", "identifier": f"'I' || {text}", "verify_code": f"'V' || {text}",
        "application": f"'X' || {text}", "latest": f"'X' || {text}", "next_alert_on": day(f"1 + {n} % 1800"),
        "valid_to": day(f"46 + {n} % 1800"), "id_digest": f"'d' || ({n} % 400000)",
    }  # fmt: skip
    columns = [f.column for f in Licence._meta.concrete_fields if f.column != "id"]
    names = ", ".join(f'"{c}"' for c in columns)
    values = ", ".join(changed.get(c, f'l."{c}"') for c in columns)
    table = Licence._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} l, {series} WHERE l.id = {sample.pk}"
        )
        cursor.execute("ANALYZE")


def register(town: Any, rows: Rows, size: int) -> None:
    """The day's round over a register of ``size`` licences: the holders of those whose day has come are told, one event
    each; and what a turn of the worker costs when there is nothing to do."""
    version = town.version
    holder = {"kind": "person", "name": "张三", "id_type": "passport", "id_number": "E00000001"}
    now = instant.now()
    sample = licences.grant("XSAMPLE", version, by=town.approver, at=now, holder=holder)
    today = timezone.localdate(now)
    began = time.perf_counter()
    _fill(sample, size, today)
    filled = time.perf_counter() - began
    quiet = [timed(licences.scan) for _ in range(20)]
    sql = f"SELECT * FROM {Licence._meta.db_table} WHERE next_alert_on <= {rows.mark} ORDER BY next_alert_on, id LIMIT 200"

    def asked() -> None:
        rows._run(sql, (today if rows.is_pg else today.isoformat(),)).fetchall()

    asked()
    row("renewal scan, nothing due", size, statistics.median(quiet),
        statistics.median(timed(asked) for _ in range(20)), f"filled in {filled:.0f} s")  # fmt: skip

    due = Licence.objects.filter(next_alert_on=today + dt.timedelta(days=1))
    count = due.update(next_alert_on=today, valid_to=today + dt.timedelta(days=45))
    keys = list(Licence.objects.filter(next_alert_on=today).values_list("pk", flat=True))

    def round_of_the_day() -> None:
        while licences.scan():
            pass

    ours = timed(round_of_the_day)
    told = Event.objects.filter(kind="licence.expiring").count()
    assert told == count, (told, count)
    event = Event.objects.filter(kind="licence.expiring").order_by("-id").first()
    assert event is not None
    replay = rows._insert(Event, [event]), rows._insert(Followup, [Followup.objects.get(event_id=event.pk)])

    def limit() -> None:
        for pk in keys:
            rows.begin()
            statement, names, values = replay[0]
            number = f"R{secrets.token_hex(6).upper()}"
            made = rows._run(
                statement, [number if c == "number" else v for c, v in zip(names, values[0], strict=True)]
            ).fetchone()[0]
            statement, names, values = replay[1]
            rows._run(
                statement, [made if c == "event_id" else v for c, v in zip(names, values[0], strict=True)]
            )
            rows._run(
                f"UPDATE {Licence._meta.db_table} SET next_alert_on = {rows.mark}, version = version + 1 WHERE id = {rows.mark}",
                ((today + dt.timedelta(days=15)) if rows.is_pg else "2030-01-01", pk),
            )
            rows.db.execute("COMMIT")

    row(
        "renewal scan, one day of five years",
        size,
        ours,
        timed(limit),
        f"{count} told, {ours / count * 1e3:.1f} ms each",
    )
