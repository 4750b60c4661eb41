"""The limit: the same rows by the driver alone – no Django, statements prepared, one transaction, the same durability."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import connection

from onewindow.cases.models import Event, Followup
from onewindow.window.models import Application, Document, Paper


def version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        return " ".join(str(cursor.fetchone()[0]).split()[:2])


def durability() -> str:
    """What a commit costs here; the same connection settings serve both sides."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')"
            )
            return f"fsync {cursor.fetchone()[0]}"
        cursor.execute("PRAGMA synchronous")
        return f"WAL, synchronous {cursor.fetchone()[0]} (2 = FULL)"


class Rows:
    """The rows of one accepted application, ready to be written again under another number by the driver alone."""

    def __init__(self, sample: Application):
        connection.ensure_connection()
        self.db: Any = connection.connection
        self.is_pg = connection.vendor == "postgresql"
        self.mark = "%s" if self.is_pg else "?"
        self.tables = {
            model: self._insert(model, rows)
            for model, rows in {
                Application: [sample],
                Event: list(Event.objects.of(sample.number)),
                Followup: list(Followup.objects.filter(event__number=sample.number)),
                Document: list(sample.documents.all()),
                Paper: list(sample.papers.all()),
            }.items()
        }
        self.office_id, self.name = sample.office_id, sample.applicant_name
        self.track_digest = sample.track_digest

    def _insert(self, model: Any, rows: list[Any]) -> tuple[str, list[str], list[list[Any]]]:
        fields = [
            f
            for f in model._meta.concrete_fields
            if not (f.primary_key and f.get_internal_type() == "BigAutoField")
        ]
        names = [f.column for f in fields]
        values = [[f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields] for row in rows]
        quoted = ", ".join(f'"{n}"' for n in names)
        marks = ", ".join([self.mark] * len(names))
        back = f' RETURNING "{model._meta.pk.column}"' if model is not Followup else ""
        return f'INSERT INTO "{model._meta.db_table}" ({quoted}) VALUES ({marks}){back}', names, values

    def _run(self, sql: str, values: Any = ()) -> Any:
        return self.db.execute(sql, values, prepare=True) if self.is_pg else self.db.execute(sql, values)

    def _put(self, model: Any, row: int, **changes: Any) -> Any:
        sql, names, rows = self.tables[model]
        values = [changes.get(n, v) for n, v in zip(names, rows[row], strict=True)]
        cursor = self._run(sql, values)
        return cursor.fetchone()[0] if model is not Followup else None

    def begin(self) -> None:
        self.db.execute("BEGIN" if self.is_pg else "BEGIN IMMEDIATE")

    def accept(self) -> tuple[int, str]:
        """Application, two events with their follow-ups, five documents, one paper, one update: one transaction."""
        number = f"B{secrets.token_hex(6).upper()}X"
        self.begin()
        pk = self._put(Application, 0, number=number, track_digest=secrets.token_hex(32))
        for n in range(2):
            event = self._put(Event, n, number=number)
            self._put(Followup, n, event_id=event)
        for n in range(len(self.tables[Document][2])):
            self._put(Document, n, application_id=pk)
        self._put(
            Paper, 0, application_id=pk, verify_code=secrets.token_hex(5), serial=secrets.randbelow(2**31)
        )
        sql = 'UPDATE "window_application" SET "status" = {0}, "version" = {0} WHERE "id" = {0} AND "version" = {0}'
        self._run(sql.format(self.mark), ("examining", 2, pk, 2))
        self.db.execute("COMMIT")
        return pk, number

    def decide(self, of: tuple[int, str]) -> None:
        """One event with its follow-up, one paper, one update: one transaction."""
        pk, number = of
        self.begin()
        event = self._put(Event, 1, number=number, seq=3)
        self._put(Followup, 1, event_id=event)
        changes = {
            "application_id": pk,
            "verify_code": secrets.token_hex(5),
            "serial": secrets.randbelow(2**31),
            "kind": "grant",
        }
        self._put(Paper, 0, **changes)
        sql = 'UPDATE "window_application" SET "status" = {0}, "version" = {0} WHERE "id" = {0} AND "version" = {0}'
        self._run(sql.format(self.mark), ("decided", 3, pk, 2))
        self.db.execute("COMMIT")

    def _read(self, where: str, values: tuple[Any, ...]) -> list[Any]:
        sql = f'SELECT a.*, i."name", o."name" FROM "window_application" a JOIN "catalog_item" i ON i."id" = a."item_id" JOIN "org_office" o ON o."id" = a."office_id" WHERE {where}'  # noqa: E501
        return self._run(sql.replace("?", self.mark), values).fetchall()

    def desk(self) -> list[Any]:
        return self._read(
            'a."office_id" = ? AND a."closed_at" IS NULL ORDER BY a."due_at", a."id" LIMIT 51',
            (self.office_id,),
        )

    def search(self) -> list[Any]:
        return self._read(
            'a."office_id" = ? AND a."applicant_name" = ? ORDER BY a."opened_at" DESC LIMIT 51',
            (self.office_id, self.name),
        )

    def track(self) -> list[Any]:
        found = self._read('a."track_digest" = ?', (self.track_digest,))
        sql = 'SELECT * FROM "cases_event" WHERE "number" = ? ORDER BY "seq"'.replace("?", self.mark)
        number = self.tables[Application][2][0][self.tables[Application][1].index("number")]
        return [found, self._run(sql, (number,)).fetchall()]


def fill(sample: Application, size: int) -> None:
    """History: ``size`` ended applications of many offices and days, copied from the sample in the database itself."""
    have = Application.objects.count()
    if have >= size:
        return
    columns = [f.column for f in Application._meta.concrete_fields if f.column != "id"]
    series = (
        "generate_series(1, {n})"
        if connection.vendor == "postgresql"
        else "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {n}) SELECT n FROM s)"
    )
    n = "s.n" if connection.vendor != "postgresql" else "s"
    stamp = sample.opened_at.isoformat(sep=" ")
    day = (
        f"opened_at - ({n} % 700) * interval '1 day'"
        if connection.vendor == "postgresql"
        else f"datetime('{stamp}', '-' || ({n} % 700) || ' days')"
    )
    changed = {
        "number": f"'H{secrets.token_hex(2).upper()}' || {n}",
        "track_digest": f"'{secrets.token_hex(8)}' || {n}",
        "office_id": f"(SELECT id FROM org_office WHERE kind = 'department' ORDER BY id LIMIT 1) + {n} % 11",
        "applicant_name": f"'名' || ({n} % 5000)",
        "id_digest": f"'h' || ({n} % 9000)",
        "mobile_digest": f"'m' || ({n} % 9000)",
        "status": f"CASE WHEN {n} % 100 = 0 THEN 'examining' ELSE 'delivered' END",
        "closed_at": f"CASE WHEN {n} % 100 = 0 THEN NULL ELSE opened_at END",
        "wake_at": "NULL",
        "opened_at": day,
    }
    chosen = ", ".join(changed.get(c, f'"{c}"') for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    with connection.cursor() as cursor:
        source = series.format(n=size - have)
        alias = "s" if connection.vendor == "postgresql" else "AS s"
        cursor.execute(
            f"INSERT INTO window_application ({names}) SELECT {chosen} FROM window_application, {source} {alias} "
            f"WHERE window_application.id = {sample.pk}"
        )
        cursor.execute("ANALYZE")
