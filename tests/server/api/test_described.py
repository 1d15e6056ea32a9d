"""The API does what its own description says, whatever is sent: no 5xx, no answer that is not described."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.server.api.doors import key_of
from trato.company.access import SCOPES
from trato.server.api.routes import router

if TYPE_CHECKING:
    from schemathesis import APIOperation, Case

    from tests.customize.corner import Corner
    from tests.server.api.doors import Http
    from trato.customize.decide import Serving
    from trato.server.api.decisions import Decider
    from trato.server.context import Context
    from trato.server.keys import Keys


def description() -> dict[str, Any]:
    """What the API says of itself; the routes need no company for that."""
    app = FastAPI(title="Trato", version="0")
    context = cast("Context", SimpleNamespace(company=None))
    app.include_router(router(context, cast("Keys", None), cast("Decider", None), cast("Serving", None)))
    return app.openapi()


DESCRIBED = description()
OPERATIONS = [(method, path) for path, item in DESCRIBED["paths"].items() for method in item]


def test_the_description_is_openapi_3_1() -> None:
    assert DESCRIBED["openapi"].startswith("3.1")
    for part in DESCRIBED["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(part)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_each_route_is_described(method: str, path: str) -> None:
    told = DESCRIBED["paths"][path][method]
    assert told["summary"]
    assert told["tags"]
    assert bool(told.get("security")) == (path != "/api/health")
    good = next(answer for status, answer in told["responses"].items() if status.startswith("2"))
    assert good["content"]["application/json"]["schema"]
    for status, answer in told["responses"].items():
        if not status.startswith("2"):
            assert set(answer["content"]) == {"application/problem+json"}
    if "requestBody" in told:
        body = told["requestBody"]["content"]["application/json"]["schema"]
        assert body.get("examples"), f"{path} has no example of what is sent"
    shown = good["content"]["application/json"]
    assert fits(shown["schema"], shown["example"])
    if "requestBody" in told:
        assert all(fits(body, one) for one in body["examples"])


def fits(schema: dict[str, Any], example: object) -> bool:
    """Whether an example is what its schema describes."""
    whole = {**schema, "components": DESCRIBED["components"]}
    jsonschema.validate(example, whole, cls=jsonschema.Draft202012Validator)
    return True


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (*one, mode)
        for one in OPERATIONS
        for mode in GenerationMode
        # Health is asked for without anything that could be wrong.
        if mode is GenerationMode.POSITIVE or one[1] != "/api/health"
    ],
)
def test_whatever_is_sent_is_answered_as_described(
    corner: Corner, http: Http, method: str, path: str, mode: GenerationMode
) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.does(ana)
    corner.build({ana: {("bread", "rye"): 2}})
    key = key_of(corner, *SCOPES)
    schema = schemathesis.openapi.from_dict(http.app.openapi())
    operation: APIOperation[Any, Any, Any, Any] = schema[path][method]
    settled = settings(
        max_examples=15,
        suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck],
        deadline=None,
    )

    @settled
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def send(case: Case, known: bool) -> None:
        if known and "customer" in (case.path_parameters or {}):
            case.path_parameters["customer"] = ana
        if known and isinstance(case.body, dict) and isinstance(case.body.get("purpose"), str):
            case.body["purpose"] = "service"
        if known and isinstance(case.body, dict) and isinstance(case.body.get("touchpoint"), str):
            case.body["touchpoint"] = "web"
        request = case.as_transport_kwargs(base_url="http://127.0.0.1:8642")
        headers = dict(request.pop("headers"))
        headers.pop("Authorization", None)
        body = {"content": request["data"]} if "data" in request else {"json": request.get("json")}
        params = {"params": request["params"]} if request.get("params") else {}
        answer = http.ask(request["method"], request["url"], key, headers=headers, **params, **body)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 405:
            return  # the fuzzer tried another method
        case.validate_response(
            Response.from_any(answer),
            checks=[content_type_conformance, response_schema_conformance, status_code_conformance],
        )

    send()
