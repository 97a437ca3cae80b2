"""The page at /does-it-hold: a claim, what was published, what our runs give; and all claims in one table."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from bnviz import engine, numerals
from bnviz.config.course import without_changes
from bnviz.config.experiment import FIELDS, Experiment, Field
from bnviz.config.sweep import MAXIMUM_SEEDS, Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.claim import Claim, Row
from bnviz.judge.findings import LEAST, SAME
from bnviz.judge.verdict import AGREES, CANNOT_TELL, COMPUTING, DISAGREES, TOO_FEW, Verdict
from bnviz.judge.verdict import words as together
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.panels import panels
from bnviz.lessons.does_it_hold.reasons import effects_text, reason_text
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.record import evidence, ndjson
from bnviz.web import words
from bnviz.web.markdown import row, table
from bnviz.web.site import board, links, tailored, widgets
from bnviz.web.site.page import controls, foot, head, widgets_in_browser
from bnviz.web.site.sweep_page import SEEDS, Scene, SweepPage, defaults, own_fields
from bnviz.web.words import fill

NAME = "does-it-hold"
FIRST = next(iter(CLAIMS))
TEXTS = WORDS["page"]
CHOICE = Field("claim", str, FIRST, TEXTS["choice"], "", choices={key: claim.name for key, claim in CLAIMS.items()})
Others = Callable[[], Mapping[str, Verdict]]  # the verdicts on claims, by key, that one is judged with
MORE = ("hidden_layers", "width", "activation", "initialization", "momentum", "bootstrap", "dataset")
BADGES = {  # the verdict words are those of bnviz.judge.claim
    AGREES: f":green-badge[{AGREES}]", DISAGREES: f":red-badge[{DISAGREES}]", CANNOT_TELL: f":gray-badge[{CANNOT_TELL}]",
    TOO_FEW: f":gray-badge[{TOO_FEW}]",
}  # fmt: skip


MARKS = {AGREES: "✓", DISAGREES: "✗", CANNOT_TELL: "?"}  # on a claim's button


@dataclass(frozen=True, kw_only=True)
class ClaimForm(SweepPage):
    """The page as it is for one claim."""

    claim: Claim

    @property
    def limits(self) -> str:
        """What the claim's sweep does not show."""
        return self.claim.limits


def form(claim: Claim, others: Others = dict) -> ClaimForm:
    """The page as it is for one claim, whose sweep's experiment is the default; it is judged with `others`."""
    seeds = dataclasses.replace(SEEDS, default=claim.sweep.seeds, low=2, high=MAXIMUM_SEEDS)
    return ClaimForm(
        lesson="does_it_hold",
        claim=claim,
        sweep=partial(sweep_of, claim),
        panels=partial(panels, claim),
        verdict=partial(verdict, claim, others),
        main=("seeds", "seed"),
        more=MORE,
        inside=partial(run_on_show, claim),
        default=claim.sweep.base,
        own={"claim": CHOICE, "seeds": seeds},
    )


def sweep_of(claim: Claim, base: Experiment, own: Mapping[str, object]) -> Sweep:
    """The claim's sweep of another experiment, with as many seeds as the page's own setting says."""
    return dataclasses.replace(claim.sweep, base=base, seeds=own["seeds"])


def run_on_show(claim: Claim, base: Experiment) -> dict[str, Experiment]:
    """The run that plays beside the claim's sweep, by its name: one of the sweep's own.

    With the page's settings if they are a point of the sweep, and the name is empty; else the sweep's middle point.
    """
    points = [dict(point) for point in claim.sweep.points]
    if any(base == base.replace(**point) for point in points):
        return {"": base}
    middle = points[len(points) // 2]
    changed = [f"{FIELDS[name].label.lower()} {value:g}" for name, value in middle.items() if getattr(base, name) != value]
    return {", ".join(changed): base.replace(**middle)}


def verdict(claim: Claim, others: Others, sweep: Sweep, rows: Sequence[Row]) -> str:
    """The verdict, what was published, and what our runs give."""
    judged = claim.judge(sweep, rows)
    word = together({**others(), claim.key: judged}, len(CLAIMS))[claim.key]
    heading = fill(TEXTS["verdict"], verdict=_computing(sweep, rows) if word == COMPUTING else BADGES[word])
    settings = [] if sweep == claim.sweep else [TEXTS["other_settings"]]
    reason = [reason_text(judged, sweep)] if word in (CANNOT_TELL, TOO_FEW) else []
    published, ours = fill(TEXTS["published_text"], text=cited(claim)), fill(TEXTS["ours_text"], text=judged.summary)
    numbers = [table(judged.numbers)] if judged.numbers else []
    return "\n\n".join([heading, *reason, published, *settings, ours, *numbers, *_brackets(sweep, judged)])


def cited(claim: Claim) -> str:
    """What was published, where, and how that was checked."""
    return f"{claim.published} *({claim.source})* {fill(TEXTS['checked'], checked=claim.checked)}"


def _brackets(sweep: Sweep, judged: Verdict) -> list[str]:
    """What the intervals are of, and how strict the verdict is; nothing before there is one."""
    if judged.computing:
        return []
    examples, effects = DATA_SETS[sweep.base.dataset].examples, {"same": f"{100 * SAME:g}", "least": f"{LEAST:g}"}
    known = {"family": len(CLAIMS), "p": numerals.p_value(judged.p), "examples": examples, "images": _images(sweep.base)}
    return [fill(TEXTS["brackets"], **known, **effects)]


def _images(base: Experiment) -> str:
    """Which examples the seeds train on, and whether intervals include that others would have given other results."""
    text, labels = TEXTS["own_images" if base.bootstrap == "yes" else "same_images"], words.shared()["controls"]
    choice = {"bootstrap": FIELDS["bootstrap"].label, "more": labels["more"]}
    return fill(text, size=f"{base.examples:,}", examples=DATA_SETS[base.dataset].examples, **choice)


def _computing(sweep: Sweep, rows: Sequence[Row]) -> str:
    """The text shown instead of a verdict until all rows are in."""
    done, total = len({row["run"] for row in rows}), len(sweep.runs())
    return f":gray-badge[{fill(TEXTS['computing'], done=done, total=total)}]"


class ClaimsPage:
    """The page: one claim in view, chosen by pills or by the link, and all of them in a table below."""

    def scenes(self) -> list[Scene]:
        """The sweeps of all claims, the first one's the one that a link names by naming none."""
        return [
            Scene(
                claim.name,
                fill(TEXTS["the_claim"], says=claim.says),
                {} if claim.key == FIRST else {"claim": claim.key},
                form(claim, shipped_verdicts),
                claim.sweep,
            )
            for claim in CLAIMS.values()
        ]

    def show(self) -> None:
        """Lay out the page for the claim that is chosen: by the link that was opened just now, or else by the pills."""
        initial = form(_claim_of_link())
        if link := links.opened(NAME, initial.default, initial.own):
            widgets.load(link.experiment, {**defaults(initial), **link.view})
        claim = CLAIMS[st.session_state["claim"]]
        others = own_verdicts()
        page = form(claim, lambda: others)
        in_browser = widgets_in_browser(page, link)
        experiment, own = widgets.experiment(in_browser=in_browser), widgets.own(page.own, in_browser)
        links.follow(experiment, links.non_default(own, page.own))
        links.write(experiment, page.default)

        head(page)
        st.pills(
            TEXTS["choice"], list(CLAIMS), format_func=labels().__getitem__, key="claim", required=True,
            on_change=_change, label_visibility="collapsed",
        )  # fmt: skip
        st.caption(overview())
        st.markdown(fill(TEXTS["the_claim"], says=claim.says))
        controls(page, experiment, own_fields(page))
        board.show(page.sweep(without_changes(experiment), own), page.panels, page.verdict, claim.sweep, NAME)
        foot(page, experiment)
        _table(others)


@cache  # for what the release has shipped does not change, and a button's label must not change under a visitor's hand
def labels() -> dict[str, str]:
    """What each claim's button says, by key: its name, and a mark for the verdict on the rows that the release has shipped."""
    words_of = together(shipped_verdicts(), len(CLAIMS))
    return {key: f"{claim.name} {MARKS.get(words_of.get(key, ''), '')}".rstrip() for key, claim in CLAIMS.items()}


def overview() -> str:
    """How many claims have which verdict, in a line that says what the marks on the buttons mean."""
    found = Counter(together(shipped_verdicts(), len(CLAIMS)).values())
    counts = [fill(TEXTS["mark"], mark=MARKS[word], count=found[word], word=word) for word in MARKS if found[word]]
    return fill(TEXTS["overview"], total=sum(found.values()), counts=" · ".join(counts)) if counts else ""


def _claim_of_link() -> Claim:
    """The claim in the address, or the first one if the address names none."""
    names = st.query_params.get_all("claim")
    return CLAIMS.get(names[0] if len(names) == 1 else FIRST, CLAIMS[FIRST])


def _change() -> None:
    """Another claim brings its own experiment and number of seeds; the first seed stays."""
    sweep = CLAIMS[st.session_state["claim"]].sweep
    links.forget_problems()
    widgets.load(sweep.base.replace(seed=st.session_state["seed"] or 0), {"seeds": sweep.seeds})


def _table(verdicts: Mapping[str, Verdict]) -> None:
    """All claims, with the verdicts of those whose rows the release has shipped or this server has computed."""
    st.markdown(f"#### {TEXTS['all']}")
    with st.container(key="claims"):
        head = row(*(TEXTS[column] for column in ("column_claim", "column_verdict", "column_effect", "column_computed")))
        decided = together(verdicts, len(CLAIMS))
        lines = [_line(claim, verdicts.get(claim.key), decided.get(claim.key, "")) for claim in CLAIMS.values()]
        st.markdown("\n".join([head, row(*["---"] * 4), *lines]))
        st.caption("  \n".join(_origins()))


def _origins() -> list[str]:
    """Where the rows that the release has shipped come from: one sentence if all come from one place."""
    judged = [_judge_shipped(key).origin for key, claim in CLAIMS.items() if evidence.is_shipped(claim.sweep)]
    return list(dict.fromkeys(judged))


def _line(claim: Claim, verdict: Verdict | None, word: str) -> str:
    """A claim with a link to it, its verdict, what that rests on, and where and when it was computed."""
    query = urlencode({"claim": claim.key, **tailored.parameters()})
    name = f"[{claim.name}](./{NAME}?{query})"
    if verdict is None:
        return row(name, TEXTS["not_run"], "", "")
    reason = [reason_text(verdict, claim.sweep)] if word in (CANNOT_TELL, TOO_FEW) else []
    place = _judge_shipped(claim.key).place if evidence.is_shipped(claim.sweep) else TEXTS["this_server"]
    effects = [text] if (text := effects_text(verdict, word)) else []
    return row(name, BADGES[word], ". ".join([*effects, *reason]), place)


def own_verdicts() -> dict[str, Verdict]:
    """The verdicts, by key, of the claims whose own sweeps the release has shipped, or this server has finished."""
    verdicts = {key: shipped(claim) or finished(claim) for key, claim in CLAIMS.items()}
    return {key: verdict for key, verdict in verdicts.items() if verdict}


def shipped_verdicts() -> dict[str, Verdict]:
    """The verdicts, by key, of the claims whose own sweeps the release has shipped."""
    return {key: verdict for key, claim in CLAIMS.items() if (verdict := shipped(claim))}


def shipped(claim: Claim) -> Verdict | None:
    """The verdict of the claim's own sweep, if the release has its rows."""
    return _judge_shipped(claim.key).verdict if evidence.is_shipped(claim.sweep) else None


class Shipped(NamedTuple):
    """The verdict on rows that the release has shipped, and where they come from: in a sentence, and in a few words."""

    verdict: Verdict
    origin: str
    place: str


@cache  # for a file of the release does not change
def _judge_shipped(key: str) -> Shipped:
    claim = CLAIMS[key]
    rows = evidence.read(claim.sweep)
    assert rows is not None  # `shipped` has just seen it
    return Shipped(claim.judge(claim.sweep, rows.fill(claim.sweep)), board.origin(rows), board.place(rows))


def finished(claim: Claim) -> Verdict | None:
    """The verdict of the claim's own sweep, if this server has it."""
    recording = engine.shared().store.get(claim.sweep.id)
    return _judge(claim.key, claim.sweep.id) if recording and recording.ended else None


@st.cache_data(max_entries=64, show_spinner=False)
def _judge(key: str, id: str) -> Verdict:
    recording = engine.shared().store.get(id)
    assert recording is not None  # `finished` has just read it
    rows = [message for message in ndjson.read(recording.lines()) if message["type"] == "row"]
    return CLAIMS[key].judge(CLAIMS[key].sweep, rows)


PAGE = ClaimsPage()
