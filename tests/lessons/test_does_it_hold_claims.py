"""The judges on made-up rows that agree, disagree, leave it open, are missing or diverged; the charts; the table."""

import base64
import dataclasses
import json
import math
import re

import numpy as np
import pytest

from bnviz.judge.findings import apart, best, final_accuracy, losses, points, series, times
from bnviz.judge.intervals import Interval, interval
from bnviz.judge.verdict import AGREES, CANNOT_TELL, COMPUTING, DISAGREES, TOO_FEW, Verdict, words
from bnviz.lessons.does_it_hold import evidence
from bnviz.lessons.does_it_hold.claims import CLAIMS, seeds_text, table
from bnviz.lessons.does_it_hold.claims.faster import first_crossing, steps_needed
from bnviz.lessons.does_it_hold.claims.largest_rate import largest
from bnviz.lessons.does_it_hold.claims.same_score import at_equal_loss
from bnviz.lessons.does_it_hold.claims.small_batches import EPOCHS, EXAMPLES, SIZES
from bnviz.lessons.does_it_hold.claims.smoother import highest, typical
from bnviz.lessons.does_it_hold.evidence import COMMAND, main, markers
from bnviz.lessons.does_it_hold.panels import panels
from bnviz.web.markdown import cell, in_one_line
from tests import ROOT

DOCUMENT = ROOT / "docs" / "evidence.md"
GUESSING = math.log(10)
CHEAP = 170  # estimated seconds on one core, about 75 s on two
NEW: tuple[str, ...] = ()  # claims whose rows in the document `make evidence` has still to make
WRITTEN = [claim for key, claim in CLAIMS.items() if key not in NEW]
CHECKPOINTS = [0, 10, 20, 30, 40, 50]


def made_up(sweep, outcome):
    """Rows of which `outcome(curve, value, seed)` says the score at the end, or everything that is not as it is by default."""
    rows = []
    for place in sweep.cells():
        seed = place.run.experiment.seed
        values = outcome(place.curve, sweep.values[place.point], seed - sweep.base.seed)
        values = values if isinstance(values, dict) else {"score": values}
        score = values.pop("score", 0.5)
        accuracies = values.get("test_accuracies", [0.1, score / 2, score / 2, score, score, score])
        row = {
            "run": place.run.id, "curve": place.curve, "point": place.point, "seed": seed,
            "checkpoints": CHECKPOINTS, "test_accuracies": accuracies,
            "validation_accuracies": accuracies, "right": [some_right(one) for one in accuracies],
            "train_losses": [None, 1.0, 0.5, 0.2, 0.1, 0.05], "test_accuracy": score, "train_accuracy": score,
            "attacked_accuracies": [score] * 6, "noised_accuracies": [score] * 6,
            **dict.fromkeys(("loss_range", "gradient_distance", "gradient_bend"), [1.0] * 5),
        }  # fmt: skip
        rows.append({**row, **values})
    return rows


def some_right(share, shuffled_by=0):
    """Bits of 1,000 examples of which that share is right; which ones, a generator says."""
    bits = np.arange(1000) < round(1000 * (share or 0))
    return base64.b64encode(np.packbits(np.random.default_rng(shuffled_by).permutation(bits)).tobytes()).decode()


def judged(key, outcome, **changes):
    claim = CLAIMS[key]
    sweep = dataclasses.replace(claim.sweep, **changes)
    return claim.judge(sweep, made_up(sweep, outcome))


def word(verdict):
    """The verdict in a word, if it is the only one known of all claims."""
    return words({"": verdict}, len(CLAIMS))[""]


def chaotic(seed):
    """Noise too large for any verdict."""
    return 0.4 * (-1) ** seed


def little(seed):
    return 0.001 * (-1) ** seed


def diverged(**more):
    return {"score": 0.1, "train_losses": [None] * 6, "loss_range": [None] * 5, **more}


def reaching(step):
    """Accuracies that pass 80 % at a step, or stay below it."""
    return {"test_accuracies": [0.8 if step and place >= step else 0.5 for place in CHECKPOINTS]}


def losing(curve, loss, seed):
    """Losses at the end: twice as much without batch norm, nearly the same for all seeds."""
    return {"train_losses": [None, *[loss * (2 if curve == "none" else 1) + little(seed)] * 5]}


def attacked(share):
    return {"score": 0.8, "attacked_accuracies": [share] * 6, "noised_accuracies": [0.7] * 6}


def smooth(factor, maximum=None):
    values = [factor] * 4 + [factor if maximum is None else maximum]
    return dict.fromkeys(("loss_range", "gradient_distance", "gradient_bend"), values)


CASES = {
    "same-score": {
        AGREES: lambda curve, rate, seed: 0.8 + little(seed) * (curve == "batch"),
        DISAGREES: lambda curve, rate, seed: 0.8 + (0.05 + little(seed)) * (curve == "batch"),
        CANNOT_TELL: lambda curve, rate, seed: 0.5 + chaotic(seed) * (curve == "batch"),
    },
    "faster": {
        AGREES: lambda curve, rate, seed: reaching(20 if curve == "batch" else 40),
        DISAGREES: lambda curve, rate, seed: reaching(40 if curve == "batch" else 20),
        CANNOT_TELL: lambda curve, rate, seed: reaching((20, 50)[seed % 2] if curve == "batch" else 30),
    },
    "largest-rate": {
        AGREES: lambda curve, rate, seed: 0.8 if rate <= (3 if curve == "batch" else 0.3) else 0.1,
        DISAGREES: lambda curve, rate, seed: 0.8 if rate <= (0.3 if curve == "batch" else 1) else 0.1,
        CANNOT_TELL: lambda curve, rate, seed: 0.8 if rate <= ((0.3, 3)[seed % 2] if curve == "batch" else 1) else 0.1,
    },
    "tiny-rates": {
        AGREES: lambda curve, rate, seed: 0.8 - (0.03 + little(seed)) * (curve == "batch"),
        DISAGREES: lambda curve, rate, seed: 0.8 + (0.03 + little(seed)) * (curve == "batch" and rate == 0.003),
        CANNOT_TELL: lambda curve, rate, seed: 0.5 + chaotic(seed) * (curve == "batch" and rate == 0.001),
    },
    "noise": {
        AGREES: lambda curve, rate, seed: diverged() if curve == "noisy-none" else losing(curve, 0.5, seed),
        DISAGREES: lambda curve, rate, seed: losing(curve, 0.5, seed),
        CANNOT_TELL: lambda curve, rate, seed: diverged() if curve == "noisy-none" and seed % 2 else losing(curve, 0.5, seed),
    },
    "smoother": {
        AGREES: lambda curve, rate, seed: smooth(0.2 + little(seed) if curve == "batch" else 1),
        DISAGREES: lambda curve, rate, seed: smooth(*(0.2 + little(seed), 5) if curve == "batch" else (1,)),
        CANNOT_TELL: lambda curve, rate, seed: smooth(0.6 + chaotic(seed) if curve == "batch" else 0.6),
    },
    "bend": {
        AGREES: lambda curve, rate, seed: smooth(0.2 + little(seed) if curve == "batch" else 1),
        DISAGREES: lambda curve, rate, seed: smooth(0.2, 1.2 + little(seed)) if curve == "batch" else smooth(1),
        CANNOT_TELL: lambda curve, rate, seed: smooth(0.6 + chaotic(seed) if curve == "batch" else 0.6),
    },
    "small-batches": {
        AGREES: lambda curve, size, seed: 0.8 + little(seed) - 0.2 * (curve == "batch" and size == 2),
        DISAGREES: lambda curve, size, seed: 0.8 + little(seed) - 0.2 * (curve in ("batch", "group") and size == 2),
        CANNOT_TELL: lambda curve, size, seed: 0.5 + chaotic(seed) * (curve == "batch" and size == 2),
    },
    "sigmoid": {
        AGREES: lambda curve, rate, seed: 0.8 + little(seed) if curve == "batch" else 0.1,
        DISAGREES: lambda curve, rate, seed: 0.7 + little(seed) if rate == 1 else 0.1,
        CANNOT_TELL: lambda curve, rate, seed: 0.8 if curve == "batch" else 0.5 + chaotic(seed) if rate == 1 else 0.1,
    },
    "only-scales": {
        AGREES: lambda curve, rate, seed: (0.7 if curve == "scales" else 0.3) + little(seed),
        DISAGREES: lambda curve, rate, seed: (0.4 if curve == "scales" else 0.3) + little(seed),
        CANNOT_TELL: lambda curve, rate, seed: (0.55 + chaotic(seed) if curve == "scales" else 0.3),
    },
    "skipinit": {
        AGREES: lambda curve, rate, seed: (0.2 if curve == "residual" else 0.8) + little(seed),
        DISAGREES: lambda curve, rate, seed: (0.3 if curve == "skipinit" else 0.2) + little(seed),
        CANNOT_TELL: lambda curve, rate, seed: 0.5 + chaotic(seed) if curve == "skipinit" else 0.2,
    },
    "adversarial": {
        AGREES: lambda curve, rate, seed: attacked((0.3 if curve == "batch" else 0.4) + little(seed)),
        DISAGREES: lambda curve, rate, seed: attacked(0.4 + little(seed) * (curve == "batch")),
        CANNOT_TELL: lambda curve, rate, seed: attacked(0.5 + chaotic(seed) * (curve == "batch")),
    },
    "dyt": {
        AGREES: lambda curve, rate, seed: 0.8 + little(seed) + 0.03 * (curve == "dyt") - 0.1 * (rate == 1),
        DISAGREES: lambda curve, rate, seed: 0.8 + little(seed) - (0.05 if rate < 1 else 0.57) * (curve == "dyt"),
        CANNOT_TELL: lambda curve, rate, seed: 0.56 + chaotic(seed) * (curve == "dyt"),
    },
}  # fmt: skip


def test_every_claim_has_cases():
    assert CASES.keys() == CLAIMS.keys()


@pytest.mark.parametrize("key, expected", [(key, expected) for key, cases in CASES.items() for expected in cases])
def test_a_judge_says_what_the_rows_say(key, expected):
    judgement = judged(key, CASES[key][expected])
    assert word(judgement) == expected, judgement.summary
    said = [judgement.summary, *([in_one_line(judgement.numbers)] if judgement.numbers else [])]
    assert (
        re.search(r"\d", " ".join(said))
        and "nan" not in said[-1]
        and "nan" not in judgement.summary
        and "inf" not in judgement.summary
    )


@pytest.mark.parametrize("key", CLAIMS)
def test_with_missing_rows_nothing_is_told_but_how_many_there_are(key):
    claim = CLAIMS[key]
    rows = made_up(claim.sweep, CASES[key][AGREES])
    total = len({row["run"] for row in rows})
    last = rows[-1]["run"]
    assert claim.judge(claim.sweep, []) == Verdict((), f"0 of {total} runs have finished.", True)
    without = [row for row in rows if row["run"] != last]
    assert claim.judge(claim.sweep, without) == Verdict((), f"{total - 1} of {total} runs have finished.", True)
    assert word(claim.judge(claim.sweep, without)) == COMPUTING


@pytest.mark.parametrize("seeds", [1, 2, 4])
@pytest.mark.parametrize("key", CLAIMS)
def test_fewer_than_five_seeds_are_too_few_to_tell(key, seeds):
    judgement = judged(key, CASES[key][AGREES], seeds=seeds)
    assert word(judgement) == TOO_FEW and "nan" not in judgement.summary


@pytest.mark.parametrize("key", CLAIMS)
def test_when_everything_diverges_nothing_can_be_told_in_either_direction(key):
    judgement = judged(key, lambda curve, value, seed: diverged())
    assert word(judgement) == CANNOT_TELL and judgement.p == 1 and judgement.undecided in ("unmeasured", "untrained")
    assert "nan" not in judgement.summary and "inf" not in judgement.summary


@pytest.mark.parametrize("key", CLAIMS)
def test_other_settings_of_the_page_can_be_judged(key):
    base = CLAIMS[key].sweep.base.replace(seed=40, dataset="linear-map")
    no_classes = judged(key, lambda *_: {"test_accuracies": [None] * 6}, base=base, seeds=2)
    assert word(no_classes) == CANNOT_TELL and "no accuracy" in no_classes.summary
    assert word(judged(key, CASES[key][AGREES], base=base.replace(dataset="fashion"))) == AGREES


@pytest.mark.parametrize("key", CLAIMS)
def test_a_claim_is_affordable_and_says_where_it_comes_from(key):
    claim = CLAIMS[key]
    claim.sweep.check_cost()
    assert claim.sweep.seconds() < CHEAP
    assert all(run.experiment.steps <= 5000 for run in claim.sweep.runs())
    assert claim.sweep.seeds >= 4
    assert re.search(r"20\d\d", claim.source) and claim.published and claim.says and claim.limits
    assert re.fullmatch("[a-z-]+", key) and claim.key == key
    for chart in claim.charts:
        assert all(len(values) == len(claim.sweep.points) for values in chart.published.values())


@pytest.mark.parametrize("key", CLAIMS)
def test_charts_draw_what_there_is(key):
    claim = CLAIMS[key]
    rows = made_up(claim.sweep, CASES[key][DISAGREES])
    lost = made_up(claim.sweep, lambda curve, value, seed: diverged())
    for some in ([], rows[:1], rows[3:17], rows, lost):
        charts = panels(claim, claim.sweep, some)
        json.dumps(charts, allow_nan=False)
        assert [panel["id"] for panel in charts] == [f"{key}-{place}" for place in range(len(claim.charts))]
        assert all("nan" not in panel["alternative"] for panel in charts)
    for panel in panels(claim, claim.sweep, rows):
        strong = [trace for trace in panel["data"] if trace["showlegend"]]
        assert len(strong) == len(claim.sweep.curves)
        assert all(trace["x"] and len(trace["x"]) == len(trace["y"]) for trace in panel["data"] if trace["x"])
        assert panel["layout"]["xaxis"]["title"]["text"] and panel["layout"]["yaxis"]["title"]["text"]


def test_an_empty_chart_of_shares_has_an_axis_of_all_shares():
    claim = CLAIMS["faster"]
    *_, accuracy = panels(claim, claim.sweep, [])
    low, high = accuracy["layout"]["yaxis"]["range"]
    assert low == 0 and high >= 1


def test_a_chart_shows_means_and_intervals_over_seeds():
    claim = CLAIMS["sigmoid"]
    sweep = dataclasses.replace(claim.sweep, seeds=5)
    rows = made_up(sweep, lambda curve, rate, seed: 0.5 + 0.1 * seed)
    (panel,) = panels(claim, sweep, rows)
    mean = next(trace for trace in panel["data"] if trace["showlegend"])
    expected = interval(np.array([0.5, 0.6, 0.7, 0.8, 0.9]))
    assert mean["y"] == pytest.approx([0.7] * len(claim.sweep.points))
    assert mean["error_y"]["array"] == pytest.approx([float(expected.high - expected.mean)] * len(claim.sweep.points))
    seeds = panel["data"][0]
    assert sorted(set(np.round(seeds["y"], 6))) == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert "at 0.03 70.0 %" in panel["alternative"]


def test_equal_convergence_is_at_the_lowest_loss_that_both_reach():
    """Here without batch norm at the end, with it from the fourth checkpoint on; means of three."""
    sweep = dataclasses.replace(CLAIMS["same-score"].sweep, seeds=2)
    outcomes = {
        "none": {"train_losses": [None, 1, 0.5, 0.3, 0.2, 0.1], "test_accuracies": [0.1, 0.5, 0.6, 0.7, 0.75, 0.8]},
        "batch": {"train_losses": [None, 0.5, 0.1, 0.1, 0.1, 0.01], "test_accuracies": [0.1, 0.6, 0.3, 0.6, 0.9, 0.1]},
    }
    steps, loss = at_equal_loss(sweep, made_up(sweep, lambda curve, rate, seed: dict(outcomes[curve])))
    assert loss == pytest.approx([0.2, 0.2])
    assert steps.mean(-1) == pytest.approx(np.array([[0.75] * 2, [0.6] * 2]))


def test_the_crossing_lies_on_a_straight_line_between_checkpoints():
    steps = np.array([0, 10, 30])
    assert first_crossing(steps, np.array([0.1, 0.5, 0.9]), 0.8) == pytest.approx(25)
    assert first_crossing(steps, np.array([0.1, 0.8, 0.2]), 0.8) == 10
    assert first_crossing(steps, np.array([0.9, 0.1, 0.1]), 0.8) == 0
    assert math.isnan(first_crossing(steps, np.array([0.1, 0.5, 0.7]), 0.8))


def test_a_rate_at_which_one_seed_does_not_arrive_is_not_the_quickest():
    claim = CLAIMS["faster"]
    rows = made_up(claim.sweep, lambda curve, rate, seed: reaching(40 if rate == 0.03 else 10 if seed else None))
    assert np.isnan(steps_needed(claim.sweep, rows)).any()
    assert "40 without batch norm (rate 0.03)" in claim.judge(claim.sweep, rows).summary


def test_the_largest_rate_ends_where_training_first_fails():
    sweep = dataclasses.replace(CLAIMS["largest-rate"].sweep, seeds=2)
    rates = largest(sweep, made_up(sweep, lambda curve, rate, seed: 0.8 if rate <= 0.5 or rate == 2 else 0.1))
    assert (rates == 0.5).all()
    assert np.isnan(largest(sweep, made_up(sweep, lambda *_: 0.1))).all()


def test_what_blew_up_counts_as_large_in_what_is_typical():
    sweep = CLAIMS["smoother"].sweep
    rows = made_up(sweep, lambda curve, rate, seed: {"loss_range": [1.0, None, 3.0, 2.0, 5.0]})
    assert (typical(sweep, rows, "loss_range") == 3).all() and np.isposinf(highest(sweep, rows, "loss_range")).all()
    assert np.isnan(highest(sweep, rows[1:], "loss_range")[0, 0, 0])  # that row is missing


def test_small_batches_see_equal_epochs_and_rates_in_proportion():
    for run in CLAIMS["small-batches"].sweep.runs():
        one = run.experiment
        assert abs(one.steps * one.batch_size - EPOCHS * EXAMPLES) < one.batch_size
        assert one.learning_rate / one.batch_size == pytest.approx(0.2 / (8 * SIZES[-1]))
        assert run.arm != "batch" or one.batch_size == 8 * one.ghost_batch_size


def test_rows_are_read_where_they_belong():
    sweep = CLAIMS["noise"].sweep
    names = [curve.name for curve in sweep.curves]
    rows = made_up(
        sweep, lambda curve, rate, seed: {"score": rate / 10 + seed / 100, "train_losses": [None, names.index(curve), 9]}
    )
    assert final_accuracy(sweep, rows)[2, 2].tolist() == pytest.approx([0.003 + seed / 100 for seed in range(sweep.seeds)])
    every = series(sweep, rows[1:], "train_losses")
    assert every.shape == (4, 6, sweep.seeds, 3) and np.isnan(every[0, 0, 0]).all() and every[3, 2, 1, 1] == 3
    assert losses(sweep, rows)[0, 0, 0] == pytest.approx(GUESSING)  # not finite, and 9 is more than guessing
    assert best(np.array([[[1.0, np.nan], [np.nan, 2.0], [1.5, 1.6]], [[np.nan] * 2] * 3])).tolist() == [1, 0]


def test_changes_are_written_with_their_intervals():
    assert points(Interval(-0.012, -0.021, 0.003, 5)) == "−1.2 points (−2.1 to +0.3)"
    assert times(Interval(math.log(2), math.log(1.5), math.log(30), 5)) == "2.0 times (1.5 to 30)"
    assert (
        points(Interval(0.01, np.nan, np.nan, 1)) == "+1.0 points" and points(Interval(-0.0001, -0.01, 0.0004, 5))[:4] == "0.0 "
    )


@pytest.mark.parametrize("first, second", [(0.79762, 0.79738), (0.744, 0.7796), (0.8, 0.75), (0.79996, 0.79945), (0.5, 0.5)])
def test_two_shares_and_their_difference_add_up_as_they_are_read(first, second):
    read = [float(re.match("[+−]?[\\d.]+", text)[0].replace("−", "-")) for text in apart(first, second, only(first - second))]
    assert read[0] - read[1] == pytest.approx(read[2])
    assert read == [pytest.approx(value, abs=0.05) for value in (100 * first, 100 * second, 100 * (first - second))]


def test_no_more_places_are_written_than_it_takes():
    assert apart(0.8, 0.75, only(0.05)) == ("80.0 %", "75.0 %", "+5.0 points")
    assert apart(0.79762, 0.79738, only(0.00024)) == ("79.76 %", "79.74 %", "+0.02 points")
    assert apart(math.nan, 0.75, only(math.nan))[1] == "75.0 %"


def only(mean):
    """A mean without an interval."""
    return Interval(mean, np.nan, np.nan, 1)


def test_the_document_has_a_row_for_every_claim():
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = markers("table")
    document_table = text[text.index(begin) : text.index(end)]
    rows = [line for line in document_table.splitlines() if line.startswith("| **")]
    assert len(rows) == len(WRITTEN) and COMMAND in document_table
    for claim, row in zip(WRITTEN, rows, strict=True):
        name, published, summary, verdict, p, seeds, made = row.strip("| ").split(" | ")
        assert name == cell(f"**{claim.name}.** {claim.says}") and published.startswith(
            cell(f"{claim.published} ({claim.source})")
        )
        assert published.endswith(cell(claim.checked)) and (p == "< 0.0001" or 0 < float(p) <= 1)
        assert seeds == seeds_text(claim) or "earlier rule" in made
        assert verdict.strip("*") in (AGREES, DISAGREES, CANNOT_TELL) and re.search(r"\d", summary)


def test_a_page_says_how_figures_were_checked_and_the_document_what_was_not():
    doubts = re.compile("not confirmed|could not|unconfirmed")
    assert [key for key, claim in CLAIMS.items() if doubts.search(f"{claim.checked} {claim.published}")] == []
    section = DOCUMENT.read_text(encoding="utf-8").partition("\n## How published figures were checked\n")[2].partition("\n## ")[0]
    second_hand = {claim.name for claim in CLAIMS.values() if "second hand" in claim.checked}
    assert second_hand and set(re.findall(r"\*([A-Z][^*]+)\*", section)) == second_hand


def test_the_table_keeps_its_cells():
    row = table({"noise": Verdict((), "a | b")}, "today").splitlines()[-1]
    assert "a \\| b" in row and row.endswith("| **cannot tell** | 1 | 11 from 2000 | today |")


def test_rows_of_some_claims_join_the_documents_table(monkeypatch, tmp_path):
    """Each in its place, new ones, too; all others stay."""
    first, second, third, *_ = CLAIMS
    old = table({key: Verdict((), key) for key in (first, third)}, "once")
    (tmp_path / "evidence.md").write_text(
        "\n".join([markers("table")[0], "Made.", "", old, markers("table")[1]]), encoding="utf-8"
    )
    monkeypatch.setattr(evidence, "DOCUMENT", tmp_path / "evidence.md")
    lines = evidence.merged(table({key: Verdict((), f"new {key}") for key in (second, third)}, "today")).splitlines()
    assert lines[:2] == old.splitlines()[:2] and lines[2] == old.splitlines()[2]
    assert [line.split(" | ")[2].split(" ")[:2] for line in lines[3:]] == [["new", second], ["new", third]]


@pytest.mark.parametrize("arguments", [["nonsense"], ["--pilot", "--write", "noise"]])
def test_the_command_refuses_what_it_cannot_do(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2 and "claim" in capsys.readouterr().err
