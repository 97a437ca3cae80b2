"""Rules of verdicts on made-up rows with known truth: rows are what they say, and the document's table holds its promise."""

import re

import numpy as np
import pytest
from scipy import stats

from bnviz.judge.findings import LEAST, SAME, correct, final_accuracy, guessing
from bnviz.judge.verdict import AGREES, CANNOT_TELL, DISAGREES, words
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.claims.faster import steps_needed
from bnviz.lessons.does_it_hold.claims.noise import losses
from bnviz.lessons.does_it_hold.evidence import DOCUMENT, markers
from bnviz.lessons.does_it_hold.made_up import MAKERS, PARTS, all_clear, all_on_bound, one_on_bound
from bnviz.lessons.does_it_hold.simulation import family, judged, main, shares, table, tables, wilson
from tests.lessons.test_does_it_hold_claims import WRITTEN

SEEN = [key for key in CLAIMS if key != "same-score"]  # whose power on clear rows is near 1; that of the same score is small


def rows_of(key, on_bound, seed=0):
    return CLAIMS[key].sweep, MAKERS[key](np.random.default_rng(seed), CLAIMS[key].sweep, on_bound)


def test_every_claim_is_made_up():
    assert MAKERS.keys() == PARTS.keys() == CLAIMS.keys()


@pytest.mark.parametrize("key", CLAIMS)
def test_a_rule_has_a_part_for_each_that_is_made_up(key):
    random = np.random.default_rng(0)
    for on_bound in (all_clear(PARTS[key]), all_on_bound(PARTS[key]), *one_on_bound(PARTS[key])):
        verdict = judged(key, random, on_bound)
        assert len(verdict.parts) == PARTS[key] and all(part.telling and part.informative for part in verdict.parts)


@pytest.mark.parametrize("key", SEEN)
def test_what_is_clearly_true_is_seen(key):
    random = np.random.default_rng(1)
    every = [words({key: judged(key, random, all_clear(PARTS[key]))}, len(CLAIMS))[key] for _ in range(5)]
    assert DISAGREES not in every and every.count(AGREES) >= 3


def test_differences_on_their_bound_are_there_in_the_mean():
    """Over many images and seeds: 1 point at every rate."""
    random, gains = np.random.default_rng(0), []
    for _ in range(6):
        sweep = CLAIMS["tiny-rates"].sweep
        none, batch = correct(sweep, MAKERS["tiny-rates"](random, sweep, [True] * 3)).mean((1, 2, 3, 4))
        gains.append(batch - none)
    assert np.mean(gains) == pytest.approx(SAME, abs=0.004)


def test_ratios_on_their_bound_are_there_in_the_median():
    ratios = []
    for seed in range(20):
        none, batch = steps_needed(*rows_of("faster", [True], seed))
        ratios += (np.where(np.isfinite(none), none, np.inf) / batch)[0].tolist()
    assert np.mean(np.array(ratios) > LEAST) == pytest.approx(0.5, abs=0.1) and np.isinf(ratios).any()


def test_coins_are_fair_where_they_are_on_the_bound():
    best = [losses(*rows_of("noise", [True] * 3, seed)).min(1) for seed in range(20)]  # [curves, seeds]
    trained = np.mean([one < guessing(CLAIMS["noise"].sweep) / 2 for one in best], axis=(0, 2))
    assert trained == pytest.approx([1, 1, 0.5, 0.5], abs=0.12)
    sigmoid = [final_accuracy(*rows_of("sigmoid", [True, False], seed)).max(1).mean(-1) for seed in range(20)]
    assert np.mean(sigmoid, 0) == pytest.approx([0.45, 0.79], abs=0.08)


def test_few_tables_hold_a_wrong_verdict():
    """Ten of all false claims each, and ten of true ones: more than three wrong of one kind come once in a thousand times."""
    random = np.random.default_rng(2)
    for kind, wrong in (("false", AGREES), ("true", DISAGREES)):
        some = tables(10, random, kind)
        assert family(some, wrong) <= 3 / 10 and max(shares(some, wrong).values()) <= 1 / 10
        assert shares(some, CANNOT_TELL)["sigmoid"] >= 8 / 10


def test_the_table_says_how_sure_its_shares_are(capsys):
    head, _, *lines = table(2, np.random.default_rng(0)).splitlines()
    assert len(lines) == len(CLAIMS) + 1 and "agrees" in head and lines[-1].startswith("| **any of them")
    assert all(len(re.findall(r"\d+\.\d \(\d+\.\d to \d+\.\d\)", line)) == (2 if "**" in line else 3) for line in lines)
    low, high = stats.binomtest(3, 40).proportion_ci(method="wilson")
    assert wilson(3 / 40, 40) == pytest.approx((low, high), abs=1e-4)
    with pytest.raises(SystemExit):
        main(["--tables", "0"])
    assert "--tables" in capsys.readouterr().err


def test_the_document_says_that_a_family_is_wrong_at_most_once_in_twenty():
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = markers("simulation")
    lines = [line for line in text[text.index(begin) : text.index(end)].splitlines() if line.startswith("| ")][2:]
    assert [line.split(" | ")[0].strip("| ") for line in lines[:-1]] == [claim.name for claim in WRITTEN]
    for line, claim in zip(lines, WRITTEN, strict=False):
        assert int(line.split(" | ")[1]) == claim.sweep.seeds
    together = [float(cell.split(" ")[0]) for cell in lines[-1].split(" | ")[2:4]]
    assert all(share <= 5 for share in together)
