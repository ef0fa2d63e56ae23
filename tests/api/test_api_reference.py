"""The reference page: everything that the OpenAPI document has, on a page that loads nothing from elsewhere."""

from __future__ import annotations

import re

import httpx2
import pytest

from partnerhook.bootstrap import openapi
from partnerhook.console.pages.reference import grouped
from running import Serve


@pytest.fixture
def page(serve: Serve) -> httpx2.Response:
    """As somebody on this machine sees it."""
    server = serve(CONSOLE_SIGN_IN="not_on_loopback")
    return httpx2.get(f"{server.admin_url}/reference", trust_env=False, timeout=60)


def test_every_operation_is_there(page: httpx2.Response):
    """With its role, and an example to copy."""
    document = openapi()

    assert page.status_code == 200
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f'id="{operation["operationId"]}"' in page.text
            assert f"{method.upper()} {path}</code></h2>" in page.text
    assert page.text.count("curl -H") == sum(map(len, document["paths"].values()))


def test_it_loads_nothing_from_elsewhere_and_has_no_style_of_its_own(page: httpx2.Response):
    """As the policy of every answer asks for."""
    assert not re.search(r"""(src|href)=["'](?!/|\#)""", page.text)
    assert " style=" not in page.text
    assert "<script>" not in page.text


def test_fields_are_told_with_those_inside_of_them():
    """By name, type and meaning."""
    operations = {one.anchor: one for group in grouped(openapi()) for one in group.operations}
    fields = {one.name: one for _, _, rows in operations["list_solutions"].answers for one in rows}
    parameters = {one.name: one for one in operations["list_solutions"].parameters}

    assert fields["items[].graph.owner_app.id"].kind == "string"
    assert fields["items[].status"].kind.startswith("DRAFT, INITIATED")
    assert parameters["limit"].kind == "query, integer"
    assert operations["begin_reconciliation"].role == "operator"
    assert {one.name for one in operations["begin_reconciliation"].body} == {"app", "check"}
    assert [status for status, _, _ in operations["begin_reconciliation"].answers] == ["202"]


def test_nobody_sees_it_without_signing_in(serve: Serve):
    """It is a page like any other."""
    told = httpx2.get(f"{serve().admin_url}/reference", trust_env=False)

    assert told.status_code == 401
