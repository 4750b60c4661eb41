"""onewindow token: API tokens; each acts as one person and is shown once."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from onewindow.org.http import SCOPES, iso, new_token, revoke_tokens
from onewindow.org.models import ApiToken, Person


class Command(BaseCommand):
    help = "create, list and revoke API tokens; a new one is printed once"

    def add_arguments(self, parser: CommandParser) -> None:
        doing = parser.add_subparsers(dest="do", required=True, metavar="create|list|revoke")
        create = doing.add_parser("create", help="make a token and print it, once")
        create.add_argument(
            "--user", required=True, metavar="NAME", help="user name of the person that it acts as"
        )
        create.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=SCOPES,
            help="may be repeated; none: all that the person may",
        )
        create.add_argument(
            "--days", type=int, metavar="N", help="valid for so many days (default: until revoked)"
        )
        listing = doing.add_parser("list", help="show the tokens, never the secrets")
        listing.add_argument("--user", metavar="NAME", help="only those of this person")
        revoke = doing.add_parser("revoke", help="end a token at once")
        revoke.add_argument("id", type=int, help="its id in `token list`")
        for one in (create, listing, revoke):
            one.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, options["do"])(**options)

    def create(self, *, user: str, scope: list[str], days: int | None, json: bool, **_rest: Any) -> None:
        person = Person.objects.filter(username=user, is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active user {user!r}.", returncode=1)
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--days: between 1 and 3650.", returncode=2)
        row, token = new_token(person, scope, days)
        self._say(json, _told(row) | {"token": token}, token)

    def list(self, *, user: str | None, json: bool, **_rest: Any) -> None:
        rows = ApiToken.objects.select_related("person").order_by("id")
        told = [_told(row) for row in (rows.filter(person__username=user) if user else rows)]
        lines = [
            f"{t['id']:>5}  {t['hint']}…  {t['user']:<20} {t['state']:<8} {' '.join(t['scopes']) or 'all'}"
            for t in told
        ]
        self._say(json, told, "\n".join(lines) or "no tokens")

    def revoke(self, *, id: int, json: bool, **_rest: Any) -> None:
        if not revoke_tokens([id]):
            raise CommandError(f"There is no valid token {id}.", returncode=1)
        self._say(json, {"id": id, "state": "revoked"}, f"token {id} revoked")

    def _say(self, as_json: bool, data: Any, text: str) -> None:
        self.stdout.write(json.dumps(data, ensure_ascii=False) if as_json else text)


def _told(row: ApiToken) -> dict[str, Any]:
    over = row.expires_at is not None and row.expires_at <= timezone.now()
    state = "revoked" if row.revoked_at else "expired" if over else "valid"
    said = {"id": row.pk, "user": row.person.username, "hint": row.hint, "scopes": row.scopes, "state": state}
    return said | {"created_at": iso(row.created_at), "expires_at": iso(row.expires_at)}
