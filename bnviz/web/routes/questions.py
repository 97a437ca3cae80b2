"""Answers about a trained network: the questions that lessons declare (`bnviz.measures.registry.questions`)."""

from __future__ import annotations

import json

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bnviz import engine
from bnviz.config.fields import BadField
from bnviz.engine.admission import Busy
from bnviz.measures.registry import questions
from bnviz.record.store import is_id
from bnviz.web.routes.http import asked_from_elsewhere, error, spend, too_busy
from bnviz.web.routes.viewers import has_ended

ANSWER_SECONDS = 20.0


async def ask(request: Request) -> Response:
    """The answer to one of the questions about a run's trained network."""
    id, shared = request.path_params["id"], engine.shared()
    if (question := questions().get(request.path_params["question"])) is None:
        return error(404, "There is no such question.")
    if not is_id(id) or (experiment := await to_thread.run_sync(shared.experiment, id)) is None:
        return error(404, "There is no such run.")
    try:
        values = question.read(experiment, request.query_params)
    except BadField as bad:
        return error(400, f"{bad}.")
    if request.method == "HEAD":
        return Response(None, media_type="application/json")
    if asked_from_elsewhere(request):
        return error(403, "Pages of other sites may not ask.")
    try:
        spend("question", request)
        answer = shared.ask(experiment, {"name": question.name, "values": values})
    except Busy as busy:
        return too_busy(busy)
    if not await has_ended(answer, ANSWER_SECONDS):
        return error(503, "The network is still being trained again; ask again soon.", **{"Retry-After": "2"})
    *lines, last = answer.lines(1)
    if not lines:
        return error(503, json.loads(last)["message"])
    headers = {"Cache-Control": "public, max-age=60"}
    return Response(lines[0], headers=headers, media_type="application/json")
