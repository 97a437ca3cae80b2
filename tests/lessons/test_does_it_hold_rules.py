"""Made-up rows in which earlier rules judged wrongly: what they said, and what is said now."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from bnviz.config.sweep import MAXIMUM_SEEDS
from bnviz.judge.findings import SAME, at, best, correct, edges, points
from bnviz.judge.intervals import difference, interval, over_seeds
from bnviz.judge.verdict import AGREES, CANNOT_TELL, DISAGREES
from bnviz.lessons.does_it_hold.claims import CLAIMS, table
from bnviz.lessons.does_it_hold.claims.faster import quickest
from bnviz.lessons.does_it_hold.evidence import DOCUMENT, markers
from bnviz.lessons.does_it_hold.page import BADGES, _line, verdict
from bnviz.lessons.does_it_hold.panels import panels
from bnviz.lessons.does_it_hold.reasons import reason_text
from bnviz.lessons.does_it_hold.seeds import FRESH, PILOT, PILOT_SEEDS
from tests.lessons.test_does_it_hold_claims import (
    CASES,
    GUESSING,
    diverged,
    judged,
    little,
    losing,
    made_up,
    reaching,
    smooth,
    some_right,
    word,
)

WITHOUT_PILOT = ("only-scales", "skipinit", "adversarial", "dyt")  # claims that came after the pilot


@pytest.mark.parametrize("key", CLAIMS)
def test_the_seeds_that_judge_are_not_those_of_the_pilot(key):
    sweep = CLAIMS[key].sweep
    assert sweep.base.seed == FRESH >= PILOT + PILOT_SEEDS


def test_as_many_seeds_as_the_pilot_asked_for():
    text, (begin, end) = DOCUMENT.read_text(encoding="utf-8"), markers("seeds")
    rows = [line.strip("| ").split(" | ") for line in text[text.index(begin) : text.index(end)].splitlines() if " | " in line][2:]
    piloted = [claim for key, claim in CLAIMS.items() if key not in WITHOUT_PILOT]
    assert [row[0] for row in rows] == [claim.name for claim in piloted]
    for (*_, seeds_text), claim in zip(rows, piloted, strict=True):
        least = MAXIMUM_SEEDS if seeds_text.startswith("more") else int(seeds_text)
        assert claim.sweep.seeds >= least, claim.key


def test_one_of_nine_claims_is_not_decided_by_a_chance_of_one_in_forty():
    """Its own 95 % interval lies above what counts, by which the first rule agreed."""
    steps = (23, 28, 25, 27, 26)
    judgement = judged("faster", lambda curve, rate, seed: reaching_between(steps[seed] if curve == "batch" else 32), seeds=5)
    (part,) = judgement.parts
    assert part.estimate.interval().low > part.bound and 0.05 / 9 < judgement.p < 0.05
    assert word(judgement) == CANNOT_TELL


def reaching_between(step):
    """Accuracies that pass 80 % at a step between checkpoints: 0.5 before it, on a straight line from 0.7 to 0.9 around it."""
    before = step // 10 * 10
    share = 0.8 - 0.02 * (step - before)  # at the checkpoint before
    return {
        "test_accuracies": [share + 0.2 if place > before else share if place == before else 0.3 for place in range(0, 60, 10)]
    }


def test_faster_says_the_ratio_at_every_rate_and_chooses_on_other_examples():
    """On the test images 0.03 is a little quicker without batch norm, on those to choose by it is 0.1."""

    def outcome(curve, rate, seed):
        if curve == "batch":
            return reaching(10)
        there = reaching({0.03: 20, 0.1: 30}.get(rate, 50))
        return {**there, "validation_accuracies": reaching({0.03: 40, 0.1: 30}.get(rate, 50))["test_accuracies"]}

    claim = CLAIMS["faster"]
    rows = made_up(claim.sweep, outcome)
    best_points = quickest(claim.sweep, rows)
    judgement = claim.judge(claim.sweep, rows)
    summary, numbers = judgement.summary, {rate: ratio for rate, *_, ratio in judgement.numbers.rows}
    assert claim.sweep.values[best_points[0]] == 0.1 and "30 without batch norm (rate 0.1)" in summary
    assert (
        numbers["0.03"].startswith("2.0 times (")
        and numbers["0.1"].startswith("3.0 times (")
        and [*numbers] == [f"{rate:g}" for rate in claim.sweep.values]
    )
    assert sum("for each step" in panel["title"] for panel in panels(claim, claim.sweep, rows)) == 1


def test_the_same_score_on_other_images_is_not_known_to_be_the_same():
    """All seeds agree to the image, so an interval over seeds is a point; but the two networks are right on different images."""
    judgements = {}
    for shuffled in (0, 1):
        bits = {"none": some_right(0.8), "batch": some_right(0.8, shuffled)}
        judgements[shuffled] = judged(
            "same-score", lambda curve, rate, seed, bits=bits: {"score": 0.8, "right": [bits[curve]] * 6}
        )
    assert word(judgements[0]) == AGREES and word(judgements[1]) == CANNOT_TELL
    ends = np.full(16, 0.8)
    assert difference(ends, ends).low == difference(ends, ends).high == 0 < SAME  # the old rule's interval


def test_a_best_rate_at_the_edge_is_said_to_be_there():
    rows = [0.7, 0.75, 0.8, 0.85]
    judgement = judged("same-score", lambda curve, rate, seed: rows[[0.03, 0.1, 0.3, 1.0].index(rate)] + little(seed))
    inside = judged("same-score", lambda curve, rate, seed: 0.8 - abs(rate - 0.3) + little(seed))
    assert "Best at the smallest or largest learning rate tried: without batch norm and with batch norm." in judgement.summary
    assert "Best at the smallest" not in inside.summary
    sweep = CLAIMS["same-score"].sweep
    assert (
        edges(sweep, np.array([0, 2])) == ["none"]
        and edges(dataclasses.replace(sweep, points=sweep.points[:1]), np.array([0, 0])) == []
    )


def test_an_error_that_falls_is_said_to_fall():
    """The old table said of this that the claim "its error stays the same" was right."""

    def outcome(curve, size, seed):
        return 0.8 + little(seed) + (0.036 if size == 2 else 0) * (curve != "batch") - 0.3 * (curve == "batch" and size == 2)

    judgement, claim = judged("small-batches", outcome), CLAIMS["small-batches"]
    assert word(judgement) == AGREES and "by −3.6 points (" in judgement.summary
    batch, group, *_ = (" ".join(one) for one in judgement.numbers.rows)
    assert "20.0 % 50.0 % +30.0 points (" in batch and "20.0 % 16.4 % −3.6 points (" in group
    assert "stays the same" not in claim.says and "does not grow" in claim.says and "“Does not grow”" in claim.limits


def test_nothing_gained_is_told_from_something_lost():
    loses = judged("tiny-rates", lambda curve, rate, seed: 0.8 + little(seed) - 0.035 * (curve == "batch" and rate == 0.001))
    same = judged("tiny-rates", lambda curve, rate, seed: 0.8 + little(seed))
    assert word(loses) == word(same) == AGREES
    assert "at 0.001 it costs up to 3.5 points" in loses.summary and "cost more than half a point" in same.summary


def test_better_than_without_is_tested():
    """With noise after batch norm training works, but no better than without batch norm: the claim said it does."""

    def outcome(curve, rate, seed):
        return diverged() if curve == "noisy-none" else losing("batch", 0.4 if curve == "none" else 0.6, seed)

    judgement = judged("noise", outcome)
    assert word(judgement) == DISAGREES and "better than one without batch norm" in CLAIMS["noise"].says


def test_a_network_that_blew_up_is_not_left_out():
    """All but one of the ratios are 0.2, and one network blew up: 19 of 20 seeds are enough, which the seed counts among."""
    outcome = lambda curve, rate, seed: smooth(None if seed == 3 else 0.2 + little(seed)) if curve == "batch" else smooth(1)  # noqa: E731
    judgement = judged("smoother", outcome)
    assert word(judgement) == AGREES and "Of 20 runs, 0 without batch norm and 1 with it blow up" in judgement.summary
    claim = CLAIMS["smoother"]
    captions = [panel["caption"] for panel in panels(claim, claim.sweep, made_up(claim.sweep, outcome))]
    assert all("Not counted in the means, because there is no number: 1 of 20 with batch norm" in text for text in captions)
    other = judged(
        "smoother", lambda curve, rate, seed: smooth(None if seed == 3 and curve == "none" else 0.2 if curve == "batch" else 1)
    )
    assert word(other) == AGREES and "1 without batch norm and 0 with it blow up" in other.summary
    for one in (judgement, other):
        assert all(part.holds == pytest.approx(21 / 2**20) for part in one.parts)


@pytest.mark.parametrize("blown", ["none", "batch"])
def test_networks_that_blew_up_count_the_hard_way_on_both_sides(blown):
    """19 of 20 blow up, and the last ratio is 1.5 or 0.5, which was put in the place of all: "disagrees, p = 0", or "agrees"."""
    for ratio in (1.5, 0.5):
        judgement = judged(
            "smoother",
            lambda curve, rate, seed, ratio=ratio: smooth(None if seed and curve == blown else ratio if curve == "batch" else 1),
        )
        assert word(judgement) == CANNOT_TELL and judgement.p == 1


def test_seeds_in_which_a_network_diverges_count_in_the_same_score():
    """In five of twenty seeds the network with batch norm diverges and ends at chance; the old rule left these seeds out."""
    bad = lambda curve, rate, seed: diverged() if curve == "batch" and seed % 4 == 0 else 0.8  # noqa: E731
    judgement = judged("same-score", bad)
    assert word(judgement) != AGREES and "In 5 of 20 seeds a network diverges" in judgement.summary


def test_bits_are_read_back_as_they_were_written():
    claim = CLAIMS["tiny-rates"]
    rows = made_up(claim.sweep, lambda curve, rate, seed: 0.25 + seed / 100)
    bits = correct(claim.sweep, rows)
    assert bits.shape == (2, 3, claim.sweep.seeds, 6, 1000)
    assert bits[1, 2, 4, -1].mean() == pytest.approx(0.29) and at(bits, best(bits.mean((-1, -2)))).shape[:2] == (
        2,
        claim.sweep.seeds,
    )
    assert points(interval(bits[0, 0, :2, -1].mean(-1))).startswith("+25.5")


def stuck_or_not(stuck):
    """Sigmoid networks that train with batch norm at every rate, and without it in all seeds but those that are `stuck`."""
    return lambda curve, rate, seed: 0.8 + seed / 1e4 if curve == "batch" else 0.1 + seed / 1e4 if seed in stuck else 0.7


def test_networks_that_are_stuck_or_not_are_counted():
    """Whether a network is stuck is a coin here. Five of five are no verdict: Student's t agreed with p = 1e-9."""
    five = judged("sigmoid", stuck_or_not(range(5)), seeds=5)
    assert over_seeds(0.1 + np.arange(5) / 1e4).not_below(0.2) < 1e-7
    assert word(five) == CANNOT_TELL and five.undecided == "coarse" and five.p == 2 / 2**5
    every, one_learns = judged("sigmoid", stuck_or_not(range(14))), judged("sigmoid", stuck_or_not(range(13)))
    assert word(every) == AGREES and every.p == 2 / 2**14
    assert word(one_learns) == AGREES and one_learns.p == 2 * 15 / 2**14
    assert "13 of 14 networks without batch norm stay near chance" in one_learns.summary
    assert "choose more layers" in one_learns.summary and "choose more layers" not in every.summary


def test_a_seed_is_stuck_if_it_is_at_its_own_best_rate():
    """Every seed learns at another rate, so that at each rate the mean is near chance."""
    rates = CLAIMS["sigmoid"].sweep.values
    judgement = judged("sigmoid", lambda curve, rate, seed: 0.8 if curve == "batch" or rate == rates[seed % len(rates)] else 0.1)
    assert word(judgement) == DISAGREES and "0 of 14 networks without batch norm stay near chance" in judgement.summary


def test_a_chance_of_one_in_thirty_two_does_not_refute_that_noise_stops_training():
    """By a coin, networks without batch norm train with the noise or diverge. Here all five train: "disagrees, p = 0" of old."""

    def outcome(curve, rate, seed):
        loss = {"batch": 0.3, "noisy-batch": 0.3, "none": 0.8, "noisy-none": 0.5}[curve] + seed / 1e4
        return {"train_losses": [None, *[loss] * 5]}

    judgement = judged("noise", outcome, seeds=5)
    assert word(judgement) == CANNOT_TELL and judgement.parts[2].fails == 1 / 2**5
    assert over_seeds(0.5 + np.arange(5) / 1e4).not_below(GUESSING / 2) < 1e-7  # what Student's t made of it


def test_losses_of_two_kinds_are_counted():
    """Three of eleven networks without batch norm diverge and count as guessing; all others are better than those with noise."""
    judgement = judged(
        "noise",
        lambda curve, rate, seed: (
            diverged() if curve == "none" and seed < 3 else losing(curve, 0.3 if curve == "none" else 0.7, seed)
        ),
    )
    better = judgement.parts[1]
    assert better.holds == pytest.approx(stats.binomtest(3, 11, alternative="greater").pvalue)
    assert better.fails == pytest.approx(stats.binomtest(8, 11, alternative="greater").pvalue)


def test_what_cannot_be_told_apart_does_not_agree():
    """20 against 20 steps, and one rate further on the grid: equal gaps, whose scatter is 0."""
    same = judged("faster", lambda curve, rate, seed: reaching(20))
    a_little = judged("faster", lambda curve, rate, seed: reaching_between(26 if curve == "batch" else 27))
    assert "1.0 times" in same.summary and word(same) == word(a_little) == DISAGREES  # not a tenth faster
    assert same.p == pytest.approx(2 / 2**14)
    equal = judged("largest-rate", lambda curve, rate, seed: 0.8 if rate <= 0.3 else 0.1)
    one_further = judged("largest-rate", lambda curve, rate, seed: 0.8 if rate <= (0.5 if curve == "batch" else 0.3) else 0.1)
    assert word(equal) == word(one_further) == CANNOT_TELL


def test_the_interval_of_the_largest_rate_has_the_steps_of_its_grid():
    """0.2 to 0.3 without batch norm and 3 with it: the limits lie up to 0.5 and 5."""
    judgement = judged(
        "largest-rate",
        lambda curve, rate, seed: 0.8 if rate <= (3 if curve == "batch" else 0.3 if seed else 0.2) else 0.1,
        seeds=5,
    )
    assert "11 times (5.0 to 23) as large" in judgement.summary
    beyond = judged("largest-rate", lambda curve, rate, seed: 0.8 if curve == "batch" or rate <= 0.3 else 0.1)
    assert "at least 33 times (20 or more) as large" in beyond.summary and word(beyond) == AGREES


@pytest.mark.parametrize("key, cannot_train", [("small-batches", ("batch", "group")), ("tiny-rates", ("none", "batch"))])
def test_nothing_follows_from_networks_that_do_not_train(key, cannot_train):
    """All diverge, or stay at chance: errors do not rise ("disagrees, p = 0"), and nothing is gained ("agrees")."""
    for score in (0.1, 0.3):
        judgement = judged(key, lambda curve, value, seed, score=score: score if curve in cannot_train else 0.8)
        assert word(judgement) == CANNOT_TELL and judgement.undecided == "untrained" and judgement.p == 1


def test_a_gain_of_networks_of_which_some_do_not_train_has_to_be_counted():
    """At 0.01 four of twenty plain networks diverge, which moves the mean by 14 points; in all others nothing is gained."""

    def outcome(curve, rate, seed):
        return diverged() if curve == "none" and rate == 0.01 and seed < 4 else 0.8 + little(seed)

    part = judged("tiny-rates", outcome).parts[-1]
    assert part.estimate.first.not_above(SAME) < 0.05 and part.fails > 0.9


def test_half_of_the_seeds_do_not_say_that_the_slower_network_arrives():
    """The plain networks of eight of fourteen seeds do not arrive, so nobody knows their steps; all others take equally many."""
    judgement = judged("faster", lambda curve, rate, seed: reaching(30 if curve == "batch" else None if seed < 8 else 30))
    (part,) = judgement.parts
    assert part.holds == pytest.approx(stats.binomtest(8, 14, alternative="greater").pvalue) and word(judgement) == CANNOT_TELL


@pytest.mark.parametrize("key", CLAIMS)
def test_a_page_says_why_there_is_no_verdict(key):
    claim = CLAIMS[key]
    for seeds, outcome, reason in ((4, AGREES, "few"), (claim.sweep.seeds, CANNOT_TELL, None)):
        sweep = dataclasses.replace(claim.sweep, seeds=seeds)
        rows = made_up(sweep, CASES[key][outcome])
        text, judgement = verdict(claim, dict, sweep, rows), claim.judge(sweep, rows)
        assert reason in (None, judgement.undecided)
        assert f"{BADGES[word(judgement)]}\n\n{reason_text(judgement, sweep)}\n\n" in text
        assert "train on the same" in text and "{" not in text and (seeds > 4 or "at least 5 seeds" in text)


def test_cannot_tell_is_said_with_its_numbers_and_alike_on_the_page_and_on_a_terminal():
    """With batch norm a tenth of the images is right that is not right without it, and as many the other way round."""
    bits = {"none": some_right(0.8), "batch": some_right(0.8, 1)}
    claim = CLAIMS["same-score"]
    rows = made_up(claim.sweep, lambda curve, rate, seed: {"score": 0.8, "right": [bits[curve]] * 6})
    judgement = claim.judge(claim.sweep, rows)
    reason, ends = reason_text(judgement, claim.sweep), judgement.parts[0].interval
    assert reason.startswith("Within ±1.0 points counts as the same; the 95 % interval goes from −")
    assert f"to +{100 * float(ends.high):.1f}" in reason
    assert reason in verdict(claim, dict, claim.sweep, rows) and reason in table({claim.key: judgement}, "today")
    assert reason in _line(claim, judgement, CANNOT_TELL)


def test_runs_that_do_not_arrive_have_their_place_in_the_table():
    """A sentence of it could not be read: "at 0.3 7 of 8 runs without batch norm and 0 with it do not get there"."""

    def outcome(curve, rate, seed):
        return reaching(20 if curve == "batch" else None if rate == 0.3 and seed else 30)

    judgement = judged("faster", outcome)
    rows = {rate: cells for rate, *cells in judgement.numbers.rows}
    assert rows["0.3"] == ["not reached in 13 of 14 runs", "20", ""] and rows["0.1"][:2] == ["30", "20"]
    claim = CLAIMS["faster"]
    text = verdict(claim, dict, claim.sweep, made_up(claim.sweep, outcome))
    assert "| 0.3 | not reached in 13 of 14 runs | 20 |  |" in text and "not reached" not in judgement.summary
    line = table({claim.key: judgement}, "today").splitlines()[-1]
    assert "learning rate 0.3: steps without batch norm: not reached in 13 of 14 runs, steps with it: 20; " in line
