"""Answers about a trained network whose γ and β are moved by hand."""

from __future__ import annotations

import json

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bnviz import engine
from bnviz.config.experiment import BadField, Experiment, Field
from bnviz.record.store import is_id
from bnviz.web.routes.http import error
from bnviz.web.routes.viewers import has_ended

ANSWER_SECONDS = 20.0


async def by_hand(request: Request) -> Response:
    """How the trained network fares with γ and β of one unit replaced: see `by_hand.answer`."""
    id, shared = request.path_params["id"], engine.shared()
    if not is_id(id) or (experiment := await to_thread.run_sync(shared.experiment, id)) is None:
        return error(404, "There is no such run.")
    try:
        question = _question(request, experiment)
    except BadField as bad:
        return error(400, f"{bad}.")
    answer = shared.ask(experiment, question)
    if not await has_ended(answer, ANSWER_SECONDS):
        return error(503, "The network is still being trained again; ask again soon.", **{"Retry-After": "2"})
    *lines, last = answer.lines(1)
    if not lines:
        return error(503, json.loads(last)["message"])
    headers = {"Cache-Control": "public, max-age=86400, immutable"}
    return Response(lines[0], headers=headers, media_type="application/json")


def _question(request: Request, experiment: Experiment) -> dict[str, float]:
    """What the query asks; raises BadField."""
    scale = {"low": -10.0, "high": 10.0}
    fields = (
        Field("layer", int, 1, "", "", low=1, high=experiment.hidden_layers),
        Field("unit", int, 0, "", "", low=0, high=experiment.width - 1),
        Field("gamma", float, 1.0, "", "", **scale),
        Field("beta", float, 0.0, "", "", **scale),
    )
    return {field.name: field.parse(request.query_params.get(field.name, "")) for field in fields}
