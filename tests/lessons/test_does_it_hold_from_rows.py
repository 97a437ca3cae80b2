"""The verdicts of docs/evidence.md, computed again from the shipped rows as that page describes them.

NumPy and SciPy alone: nothing here imports the code that made the page. So an error in that code, in the rows' order or in the
page's rules shows as a figure that differs.
"""

import base64
import json
import lzma
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
INTERVAL = re.compile(r"([−+]?[\d.]+) (points|times) \(([−+]?[\d.]+) to ([−+]?[\d.]+)\)")
POINT, RATIO = 0.01, np.log(1.1)  # the smallest effects that count
TRAINS = 0.55  # accuracy halfway between chance, 10 %, and 100 %


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def table(begin, end):
    """The lines of a table of the page, by their first cell's name."""
    lines = PAGE.split(begin)[1].split(end)[0].splitlines()
    rows = [cells(line) for line in lines if line.startswith("|")][2:]
    return {re.sub(r"^\*\*(.+?)\.\*\*.*", r"\1", first): rest for first, *rest in rows}


FILES = table("<!-- table rows -->", "<!-- end -->")
VERDICTS = table("<!-- table: begin -->", "<!-- table: end -->")


class Rows:
    """The rows of a claim as arrays [values, curves, seeds, …], in the order that the page gives."""

    def __init__(self, claim, *expected_curves):
        file, _, values, curves, seeds = FILES[claim]
        self.values, self.curves = [float(one) for one in values.split(", ")], curves.split(", ")
        assert self.curves == list(expected_curves or ("none", "batch"))
        self.seeds, self.first = map(int, seeds.split(" from "))
        packed = (ROOT / "bnviz" / "record" / "evidence" / f"{file}.json.xz").read_bytes()
        self.rows = json.loads(lzma.decompress(packed))["rows"]
        self.shape = len(self.values), len(self.curves), self.seeds
        seeds = self.grid([row["seed"] for row in self.rows])
        assert (seeds == np.arange(self.first, self.first + self.seeds)).all()

    def grid(self, values):
        values = np.array(values, float)
        return values.reshape(*self.shape, *values.shape[1:])

    def of(self, key):
        """A list of every row [values, curves, seeds, checkpoints]."""
        return self.grid([row[key] for row in self.rows])

    def right(self):
        """Which test images are right at the last three checkpoints [values, curves, seeds, images]: the share of the three."""
        bits = [
            [np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8)) for text in row["right"][-3:]] for row in self.rows
        ]
        shares = self.grid(np.mean(bits, axis=1))[..., :1000]
        assert (
            np.abs(shares.mean(-1) - self.end("test_accuracies")).max() < 0.0005
        )  # one image of 1,000, once in three checkpoints
        return shares

    def end(self, key):
        return self.of(key)[..., -3:].mean(-1)

    def best(self):
        """The place of each curve's best rate."""
        return self.end("validation_accuracies").mean(-1).argmax(0)

    def at_best(self, values):
        """[curves, seeds, …] of values [values, curves, seeds, …]."""
        return np.stack([values[rate, curve] for curve, rate in enumerate(self.best())])


class Mean:
    """A mean with its standard error and degrees of freedom."""

    def __init__(self, mean, error, freedom):
        self.t = stats.t(freedom, mean, error)
        self.mean = mean

    def interval(self):
        return self.mean, *self.t.ppf([0.025, 0.975])

    def p(self, bound, side):
        """That the part holds, and that it fails: tail areas beyond the bound."""
        below, above = self.t.cdf(bound), self.t.sf(bound)
        return (below, above) if side == "above" else (above, below)


class Count:
    """The sign test."""

    def __init__(self, values):
        self.values = values

    def p(self, bound, side):
        tails = [
            stats.binomtest(int(more.sum()), len(self.values), 0.5, alternative="greater").pvalue
            for more in (self.values > bound, self.values < bound)
        ]
        return tuple(tails if side == "above" else tails[::-1])


def by_seed(values):
    """Student's t over seeds."""
    return Mean(values.mean(), stats.sem(values), len(values) - 1)


def by_seed_and_image(values):
    """Clark's quasi F over [seeds, images], from a table of the analysis of variance."""
    seeds, images = values.shape
    of_seed, of_image, grand = values.mean(1, keepdims=True), values.mean(0, keepdims=True), values.mean()
    freedom = np.array([seeds - 1, images - 1, (seeds - 1) * (images - 1)])
    squares = [
        images * ((of_seed - grand) ** 2).sum(),
        seeds * ((of_image - grand) ** 2).sum(),
        ((values - of_seed - of_image + grand) ** 2).sum(),
    ]
    parts = np.array([1, 1, -1]) * squares / freedom
    assert parts.sum() > max(parts[:2])  # else the rule has an exception
    return Mean(grand, np.sqrt(parts.sum() / values.size), parts.sum() ** 2 / (parts**2 / freedom).sum())


# claims: the intervals that the page prints, in its order, and the parts, each with its bound and side


def faster():
    rows = Rows("Faster convergence")
    checkpoints = np.array(rows.rows[0]["checkpoints"])

    def steps(accuracies):
        if (accuracies < 0.8).all():
            return np.nan
        first = int((accuracies >= 0.8).argmax())
        return np.interp(0.8, accuracies[first - 1 : first + 1], checkpoints[first - 1 : first + 1])

    needed, chosen = (np.apply_along_axis(steps, -1, rows.of(key)) for key in ("test_accuracies", "validation_accuracies"))
    none, batch = np.where(np.isnan(chosen), 1e9, chosen).mean(-1).argmin(0)
    gain = by_seed(np.log(needed[none, 0]) - np.log(needed[batch, 1]))
    same = np.log(needed[:, 0]) - np.log(needed[:, 1])
    return [gain, *(by_seed(one) for one in same if np.isfinite(one).all())], [(gain, RATIO, "above")]


def tiny_rates():
    right = Rows("No gain at tiny rates").right()
    gains = [by_seed_and_image(batch - none) for none, batch in right]
    return gains, [(gain, POINT, "below") for gain in gains]


def ratios(claim, keys):
    rows, means = Rows(claim), []
    for key in keys:
        values = rows.of(key)[rows.values.index(0.1)]  # [curves, seeds, checkpoints]
        for reduced in (np.median(values, -1), values.max(-1)):
            none, batch = np.log(reduced)
            means.append(by_seed(batch - none))
    return means, [(mean, -RATIO, "below") for mean in means]


def small_batches():
    right = Rows("Small batches", "batch", "group", "layer", "none").right()
    batch, group, layer, none = (by_seed_and_image(right[-1, curve] - right[0, curve]) for curve in range(4))
    return [batch, group, batch, group, layer, none], [(batch, POINT, "above"), (group, POINT, "below")]


def only_scales():
    rows = Rows("Only γ and β", "scales", "output")
    scales, output = rows.at_best(rows.end("test_accuracies"))
    gain = by_seed(scales - output)
    return [gain], [(by_seed(scales), TRAINS, "above"), (gain, POINT, "above")]


def skipinit():
    rows = Rows("SkipInit", "skipinit", "residual", "residual-batch")
    accuracies = rows.end("test_accuracies")
    started, plain, _ = rows.at_best(accuracies)
    own = np.take_along_axis(accuracies, rows.end("validation_accuracies").argmax(0)[None], 0)[0]
    return [by_seed(started - plain)], [(Count(own[0]), TRAINS, "above"), (Count(own[0] - own[1]), POINT, "above")]


def adversarial():
    rows = Rows("Adversarial noise")
    ends = (rows.at_best(rows.end(f"{kind}_accuracies")) for kind in ("test", "attacked", "noised"))
    clean, attacked, noised = (by_seed(batch - none) for none, batch in ends)
    return [attacked, clean, attacked, noised], [(attacked, -POINT, "below")]


def dyt():
    rows = Rows("DyT in its place", "none", "batch", "dyt")
    right, (_, batch, own) = rows.right(), rows.best()
    untuned, tuned = (by_seed_and_image(right[rate, 2] - right[batch, 1]) for rate in (batch, own))
    return [untuned, tuned], [(untuned, -POINT, "above")]


CLAIMS = {
    "Faster convergence": faster,
    "No gain at tiny rates": tiny_rates,
    "A smoother loss": lambda: ratios("A smoother loss", ("loss_range", "gradient_distance")),
    "Smaller curvature": lambda: ratios("Smaller curvature", ("gradient_bend",)),
    "Small batches": small_batches,
    "Only γ and β": only_scales,
    "SkipInit": skipinit,
    "Adversarial noise": adversarial,
    "DyT in its place": dyt,
}


def number(text):
    return float(text.replace("−", "-"))


def rounds_to(value, text):
    """Whether a value is what is printed, to as many places."""
    places = len(text.partition(".")[2])
    return abs(value - number(text)) <= 0.5 * 10**-places + 1e-9


def p_values(parts):
    """That the claim holds, and that it fails."""
    pairs = [mean.p(bound, side) for mean, bound, side in parts]
    return max(holds for holds, _ in pairs), min(1, len(pairs) * min(fails for _, fails in pairs))


def printed_p(text):
    return 0.0001 if text == "< 0.0001" else float(text)


def is_decided(claim, p):
    """By Holm's method: with the page's p-values of all other claims."""
    others = [printed_p(one[3]) for name, one in VERDICTS.items() if name != claim]
    for rank, one in enumerate(sorted([p, *others])):
        if one > 0.05 / (len(VERDICTS) - rank):
            return False
        if one == p:
            return True
    raise AssertionError("p is among them")


def test_every_claim_has_a_file():
    assert list(FILES) == list(VERDICTS) and len(FILES) == 13


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_page_has_what_the_rows_give(claim):
    _, text, word, p_text, *_ = VERDICTS[claim]
    means, parts = CLAIMS[claim]()
    printed = INTERVAL.findall(text)
    assert len(printed) == len(means)
    for (mean, unit, low, high), expected in zip(printed, means, strict=True):
        values = np.exp(expected.interval()) if unit == "times" else 100 * np.array(expected.interval())
        assert all(map(rounds_to, values, (mean, low, high))), (values, mean, low, high)

    holds, fails = p_values(parts)
    p = 2 * min(holds, fails)
    assert p < 0.0001 if p_text == "< 0.0001" else rounds_to(p, p_text), p
    assert word.strip("*") == (("agrees" if holds < fails else "disagrees") if is_decided(claim, p) else "cannot tell")
