"""The API assembled: ``/api/v1/`` with its OpenAPI document and a page that needs no third party to be read."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.utils.html import format_html, format_html_join
from django.utils.module_loading import module_has_submodule
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from ninja import NinjaAPI

from onewindow import __version__
from onewindow.cases import api as cases
from onewindow.cases import desk
from onewindow.cases.figures import FIGURES
from onewindow.org import http

DESCRIPTION = """One window for programs: the same steps, checks and data scope as on the pages.

Errors are problems (RFC 9457) with a stable `code`. Lists are `{"items": […], "next": cursor or null}`. Times are ISO 8601
with offset. Unknown fields and parameters are refused (422). `?lang=en` tells sentences in English."""


class Api(NinjaAPI):
    """Its document says what the guard around every operation adds, and which steps and figures there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._documents: dict[Any, Any] = {}
        super().__init__(*args, **kwargs)

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        """Worked out once a process and language: it takes a fifth of a second and depends on nothing else."""
        key = (get_language(), repr(args), repr(sorted(kwargs.items())))
        if key not in self._documents:
            self._documents[key] = self._document(*args, **kwargs)
        return copy.deepcopy(self._documents[key])

    def _document(self, *args: Any, **kwargs: Any) -> Any:
        document = super().get_openapi_schema(*args, **kwargs)
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, said in operation["responses"].items():
                    if int(status) >= 400:
                        said["content"] = {http.PROBLEM: said["content"].popitem()[1]}
                    elif (
                        "etag" in str(operation.get("description", "")).lower()
                        or operation["operationId"] == "take_step"
                    ):
                        said["headers"] = {
                            "ETag": {"schema": {"type": "string"}, "description": "the version, quoted"}
                        }
                for parameter in operation["parameters"]:
                    if parameter["name"] == "verb":
                        parameter["schema"] = {"type": "string", "enum": cases.verbs()}
                    elif parameter["name"] == "figure":
                        parameter["schema"] = {"type": "string", "enum": sorted(FIGURES)}
                    elif parameter["name"] == "cursor":
                        parameter["schema"] = copy.deepcopy(parameter["schema"]) | {
                            "pattern": "^[A-Za-z0-9_-]*$"
                        }
                if operation["operationId"] == "take_step":
                    operation["description"] += "\n\n" + _fields()
        return document


def _fields() -> str:
    """One line a step: what its body may hold, from the steps and forms themselves."""
    lines = []
    for kind in desk.KINDS.values():
        for verb, step in kind.model.flow.steps.items():
            if not step.when:
                needs = ", ".join(f"`{n}`" for n in step.needs) or "nothing"
                lines.append(f"- `{verb}`: {needs}")
    return "Fields of the body:\n" + "\n".join(lines)


api = Api(
    title="OneWindow",
    version=__version__,
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    parser=http.StrictParser(),
)
http.install(api)
for app in (
    "exchange",
    "catalog",
    "cases",
    "licences",
    "pledges",
    "approvals",
    "window",
    "issues",
    "hall",
    "voice",
    "my",
    "board",
):
    if module_has_submodule(apps.get_app_config(app).module, "api"):  # type: ignore[arg-type]
        api.add_router("", import_module(f"onewindow.{app}.api").router)


def _body(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an operation's body, those inside others with dots."""
    try:
        where = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    except KeyError:
        return None
    return {"name": where.rpartition("/")[2], "fields": list(_fields_of(where, schemas))}


def _fields_of(where: str, schemas: Mapping[str, Any], before: str = "") -> Iterator[dict[str, Any]]:
    schema = schemas[where.rpartition("/")[2]]
    for name, said in schema["properties"].items():
        inner = said.get("items", said)
        inner = next((one for one in inner.get("anyOf", ()) if "$ref" in one), inner)
        kind = said.get("type") or ("object" if "$ref" in inner else "")
        words = " | ".join(map(str, said.get("enum", ()))) or said.get("description", "")
        yield {
            "name": before + name,
            "type": kind,
            "required": name in schema.get("required", ()),
            "description": words,
        }
        if "$ref" in inner:
            yield from _fields_of(inner["$ref"], schemas, f"{before}{name}.")


def prose(text: str) -> SafeString:
    """The document's descriptions as HTML: paragraphs, lists of lines that begin with a dash, `code` in backticks."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        for is_list, lines in groupby(block.splitlines(), key=lambda line: line.startswith("- ")):
            if is_list:
                rows = format_html_join("", "<li>{}</li>", ((_coded(line[2:]),) for line in lines))
                parts.append(format_html("<ul>{}</ul>", rows))
            else:
                parts.append(format_html("<p>{}</p>", _coded(" ".join(lines))))
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _coded(line: str) -> SafeString:
    pieces = enumerate(line.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", p) if n % 2 else p,) for n, p in pieces)
    )


def docs(request: HttpRequest) -> HttpResponse:
    """The operations as a page, from the OpenAPI document."""
    document = api.get_openapi_schema()
    schemas = document["components"]["schemas"]
    operations = [
        {
            "method": method.upper(),
            "path": where,
            "short": where.removeprefix("/api/v1"),
            **operation,
            "prose": prose(operation.get("description", "")),
            "body": _body(operation, schemas),
        }
        for where, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render(
        request,
        "config/api_docs.html",
        {
            "document": document,
            "prose": prose(document["info"]["description"]),
            "operations": operations,
            "codes": http.TITLES,
            "base": settings.BASE_URL,
        },
    )


def missing(request: HttpRequest) -> HttpResponse:
    """An address that the API does not have is a problem too."""
    return http.answer(http.not_found())


urlpatterns = [
    path("api/v1/docs", docs, name="api_docs"),
    path("api/v1/", api.urls),
    re_path(r"^api/v1(?:/|$)", missing),
]
