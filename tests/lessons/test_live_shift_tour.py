"""The tour of the page /: every card can be asked for, tells every kind of run, and judges by the numbers of that run."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from bnviz.config import course
from bnviz.config.experiment import Experiment, parse_changes
from bnviz.lessons.live_shift.page import PAGE
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.web import words
from bnviz.web.player import messages
from bnviz.web.site import links, live_edits
from tests.web.test_contract import MALFORMED, RUNS, small

LONGER = {"steps": 20}  # there is as much after a change at step 10 as before it
WORDS = PAGE.words["tour"]
SCRIPT = (words.PACKAGE / "lessons" / "live_shift" / "tour.js").read_text(encoding="utf-8")
NAMES = [key.removesuffix("_title") for key in WORDS if key.endswith("_title")]  # of the cards, in the order of their words
MOST_WORDS = 45  # of a card
READ_IN = 90  # seconds, all cards
WORDS_A_SECOND = 4
CHANGES = {
    "noise on the inputs": {"changes": "10:input_noise=1"},
    "smaller batches": {"changes": "10:batch_size=4"},
    "gradients measured": {"gradient_shift": "yes"},
    "normalizer off": {"changes": "10:compare=none"},
    "normalizer late": {"batch_norm_from": 10},
}
KINDS = RUNS | CHANGES


@pytest.fixture
def answers(desk, recorded):
    """What the cards say of a run of `changes` at snapshot `shown`, by name."""

    def answer(changes, step=10**6, target=0.5):
        experiment = small(PAGE, {**LONGER, **changes})
        data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
        choice = {"layer": 2, "tap": "activation", "unit": 0, "target": target}
        desk.ask("look", recording=recorded(experiment), story="live_shift", data=data, choice=choice, place=step)
        return dict(zip(NAMES, desk.ask("outcomes", words=WORDS), strict=True))

    return answer


@pytest.fixture
def cards(desk):
    return desk.ask("cards", story="live_shift")


def test_there_is_a_text_for_every_card_and_guess(cards):
    assert [card["name"] for card in cards] == NAMES
    assert PAGE.cards == len(cards)
    guesses = {f"{card['name']}_guess_{guess}" for card in cards for guess in card.get("guesses", ())}
    assert {key for key in WORDS if "_guess_" in key} == guesses
    assert all(f"{name}_{part}" in WORDS for name in NAMES for part in ("title", "text"))


def test_every_sentence_is_used():
    own = {key for key in WORDS if not re.search(r"_(title|text)$|_guess_", key)}
    prefixes = set(re.findall(r"`(\w+)_\$\{", SCRIPT))
    unused = {key for key in own if f'"{key}"' not in SCRIPT and key.rpartition("_")[0] not in prefixes}
    assert not unused


def test_cards_are_short_enough_to_be_read():
    counts = {name: len(f"{WORDS[f'{name}_title']} {WORDS[f'{name}_text']}".split()) for name in NAMES}
    assert max(counts.values()) <= MOST_WORDS, counts
    assert sum(counts.values()) <= READ_IN * WORDS_A_SECOND, counts


def test_every_card_asks_for_an_experiment_that_can_be(cards):
    for card in cards:
        experiment = live_edits.apply(PAGE.default, {"do": "experiment", "values": card["values"]}, PAGE.default)
        assert {name: getattr(experiment, name) for name in card["values"]} == card["values"]
        assert card["from"] < card["due"] <= experiment.steps
        assert all(card["from"] < change.step < card["due"] for change in parse_changes(experiment.changes))


def test_runs_of_neighbouring_cards_begin_alike(cards):
    experiments = [PAGE.default.replace(**card["values"]) for card in cards]
    for one, other in zip(experiments, experiments[1:], strict=False):
        assert course.common_prefix_step(one, other) >= min(300, one.steps)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [0, 7, 10**6])
def test_every_card_tells_every_kind_of_run(answers, kind, step):
    for name, findings in answers(KINDS[kind], step).items():
        assert findings["text"].strip() and not MALFORMED.search(findings["text"]), (name, findings)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_found_is_one_of_the_guesses(answers, cards, kind):
    findings = answers(KINDS[kind])
    for card in cards:
        assert findings[card["name"]]["correctGuess"] in (None, *card.get("guesses", ())), card["name"]


def frames_of(path):
    lines = Path(path).read_bytes().splitlines(keepends=True)
    return [message for message in ndjson.read(lines) if message["type"] == "snapshot"]


def test_numbers_are_those_of_the_recording(answers, recorded):
    findings = answers({"gradient_shift": "yes"})
    frames = frames_of(recorded(small(PAGE, {**LONGER, "gradient_shift": "yes"})))
    none, batch = (frames[-1]["arms"][arm] for arm in ("none", "batch"))
    shifts = [float(arm["shift_from_first"]["activation"][1]) for arm in (batch, none)]
    assert numbers(findings["norm"]["text"], "σ")[:2] == pytest.approx(shifts, rel=0.06)
    paces = [
        np.median([frame["arms"][arm]["example_step_in_training"]["activation"][1] for frame in frames[1:]])
        for arm in ("batch", "none")
    ]
    now = [float(frames[-1]["arms"][arm]["example_step_in_training"]["activation"][1]) for arm in ("batch", "none")]
    assert numbers(findings["norm"]["text"], "σ")[2:] == pytest.approx([*now, *paces], rel=0.06)
    assert numbers(findings["layers"]["text"], "σ")[-1] == pytest.approx(paces[1], rel=0.06)
    assert findings["norm"]["correctGuess"] == judged(shifts[1] / shifts[0], 1.1)
    cosines = [np.nanmedian([frame["arms"][arm]["gradient_cosine"][2] for frame in frames]) for arm in ("batch", "none")]
    assert [float(one) for one in re.findall(r"-?\d\.\d\d", findings["own"]["text"])] == pytest.approx(cosines, abs=0.006)
    gamma = batch["gamma"][1]
    assert f"{gamma.min():.2f} to {gamma.max():.2f}" in findings["free"]["text"]
    scores = [np.mean([frame["arms"][arm]["test_accuracy"] for frame in frames[-5:]]) for arm in ("batch", "none")]
    assert numbers(findings["score"]["text"], "%") == pytest.approx([100 * score for score in scores], abs=0.5)


def judged(times, clearly):
    return "less" if times > clearly else "more" if times < 1 / clearly else "alike"


def numbers(text, unit):
    return [float(number) for number in re.findall(rf"([\d.]+)\s{unit}", text)]


def test_the_noise_is_that_of_the_batch_before_and_after(answers, recorded):
    text = answers(CHANGES["smaller batches"])["noise"]["text"]
    assert "with 16 examples" in text and "with 4." in text
    early, late, early_theory, late_theory = numbers(text, "σ")
    frames = frames_of(recorded(small(PAGE, {**LONGER, **CHANGES["smaller batches"]})))
    steps = [frame["step"] for frame in frames if "mean_noise" in frame["arms"]["batch"]]
    counts = sum(step <= 10 for step in steps), sum(step > 10 for step in steps)
    assert min(counts) > 1 and "averages of {} and {} minibatches".format(*counts) in text, "one may agree by chance"
    probe = 1 / Experiment().probe_size
    assert (early_theory, late_theory) == pytest.approx(((1 / 16 + probe) ** 0.5, (1 / 4 + probe) ** 0.5), abs=0.006)
    assert early_theory / 2 < early < 2 * early_theory and late_theory / 2 < late < 2 * late_theory


def test_what_a_value_of_a2_says_about_the_class_changes_too():
    """P(y given a unit's a[2]), in quarters of its distribution, of one half of the test examples at step 10 and of the other at
    step 100: farther apart than of both halves at step 10. So it is more than covariate shift, in which that would stay."""
    experiment = Experiment(dataset="mnist1d", width=16, steps=100, activation="tanh")
    training, values = loop.Training(experiment), []
    for step in (10, 100):
        while training.step < step:
            training.last_snapshot_step = training.step  # as if the snapshot had been taken
            training.advance()
        taps = []
        training.arms[0].network(training.tensors.x_test, "evaluate", taps=taps)
        values.append(taps[1].activation.detach().numpy())
    (early, late), y = values, training.tensors.y_test.numpy()
    one, other = slice(0, None, 2), slice(1, None, 2)
    changed = np.mean([of_classes(early[one, j], late[other, j], y[one], y[other]) for j in range(experiment.width)])
    by_chance = np.mean([of_classes(early[one, j], early[other, j], y[one], y[other]) for j in range(experiment.width)])
    assert changed > 1.2 * by_chance


def of_classes(values, others, y, other_y):
    """The total variation between P(y given v) and P(y given w), averaged over quarters of v."""
    edges = np.quantile(values, [0.25, 0.5, 0.75])
    shares, counts = [], []
    for one, classes in ((values, y), (others, other_y)):
        table = np.zeros((4, 10))
        np.add.at(table, (np.searchsorted(edges, one), classes), 1)
        counts.append(table.sum(1))
        shares.append(table / np.maximum(counts[-1], 1)[:, None])
    weights = np.minimum(*counts)
    return (weights * np.abs(shares[0] - shares[1]).sum(1) / 2).sum() / weights.sum()


# --- what a card points at shows what it speaks of


NO_MEASURE = re.compile(r"[az]\[\d+\]|[Ss]tep \d+|[Ll]ayer \d+|After \d+ steps|over \d+ snapshots")  # numbers that name places


def measured_numbers(text):
    return set(re.findall(r"\d+(?:\.\d+)?", NO_MEASURE.sub("", text)))


def texts_at(desk, part, panels):
    """What can be read at a part that a card points at; fails if there is no such part."""
    if "panel" in part:
        [panel] = [one for one in panels if one["id"] == part["panel"]]
        return desk.ask("speak", panels=[panel])[2:]  # without headline and answer
    if "numbers" in part:
        assert desk.ask("readings", words=WORDS)["numbers"]
        return []
    painted = desk.ask("paint", width=1000)
    box = desk.call("web/player/pointing.js", "boxOf", painted["geometry"], part)
    return [text for text, x, y in painted["words"] if box["x"] <= x <= box["x"] + box["width"] and y <= box["y"] + box["height"]]


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_a_card_points_at_the_numbers_that_it_speaks_of(desk, recorded, cards, number):
    card = cards[number]
    values = {name: value.replace("300:", "10:") for name, value in card["values"].items()}
    experiment = small(PAGE, {**LONGER, **values})
    panels = PAGE.panels(experiment)
    data = messages.player_data(experiment.id, experiment, panels, links.VIEW, "live_shift")
    usual = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5, "motion": "distribution"}
    choice = usual | card.get("choice", {})
    desk.ask("look", recording=recorded(experiment), story="live_shift", data=data, choice=choice, place=10**6)
    texts_at(desk, card.get("questionPart", card["part"]), panels)
    readings = desk.ask("readings", words=WORDS)["cards"][number]
    shown = [
        *texts_at(desk, card["part"], panels),
        *(text for one in readings for text in (one["name"], *one["values"].values())),
    ]
    said = measured_numbers(desk.ask("outcomes", words=WORDS)[number]["text"])
    assert said and not said - measured_numbers(" | ".join(shown)), (said, shown)


def test_the_chase_is_the_product_of_the_factors_that_the_picture_shows(desk, recorded, answers):
    text = answers({"gradient_shift": "yes", "hidden_layers": 5})["chase"]["text"]
    factors = [float(one) for one in re.findall(r"×(\d+\.\d)", text)]
    painted = [text for text, *_ in desk.ask("paint", width=1000)["words"] if text.startswith("×")]
    assert [f"×{one:.1f}" for one in factors] == painted[1:4], "of the upper network, from layer 2 on"
    [product] = numbers(text, "times as far")
    assert product == pytest.approx(np.prod(factors), rel=0.05)


def test_the_numbers_of_the_colours_are_those_that_the_picture_says_of_the_layer(desk, recorded, answers):
    text = answers({"gradient_shift": "yes"})["norm"]["text"].partition("The colours:")[2]
    experiment = small(PAGE, {**LONGER, "gradient_shift": "yes"})
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
    choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5, "motion": "example"}
    desk.ask("look", recording=recorded(experiment), story="live_shift", data=data, choice=choice, place=10**6)
    shown = desk.ask("ofView", file="web/player/picture-words.js", name="layerMoved", args=["view", 2])
    assert numbers(shown, "σ") == numbers(text, "σ")[1::-1], "the picture has the network without batch norm first"


# --- judging: recordings made up for it


@pytest.fixture
def made_up(desk, recorded, tmp_path):
    """What a card says of the default run once its snapshots have been changed."""

    def answer(name, change, changes=CHANGES["noise on the inputs"]):
        experiment = small(PAGE, {**LONGER, **changes})
        lines = [json.loads(line) for line in Path(recorded(experiment)).read_text(encoding="utf-8").splitlines()]
        for message in lines:
            if message["type"] == "snapshot":
                change(message["arms"], message["step"])
        path = tmp_path / "made-up.ndjson"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
        choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
        desk.ask("look", recording=str(path), story="live_shift", data=data, choice=choice, place=10**6)
        return desk.ask("outcomes", words=WORDS)[NAMES.index(name)]

    return answer


def scoring(none, batch):
    """Sets both accuracies; each of the arguments is the accuracy of a step."""

    def change(arms, step):
        arms["none"]["test_accuracy"], arms["batch"]["test_accuracy"] = none(step), batch(step)

    return change


@pytest.mark.parametrize(
    ("none", "batch", "expected"),
    [(0.84, 0.85, "same"), (0.80, 0.86, "better"), (0.86, 0.80, "worse")],
)
def test_the_score_is_judged(made_up, none, batch, expected):
    assert made_up("score", scoring(lambda _: none, lambda _: batch))["correctGuess"] == expected


@pytest.mark.parametrize(
    ("none", "batch", "expected"),
    [(10, 20, "without"), (20, 10, "with"), (10, 10, "together"), (10, 99, "without"), (99, 10, "with"), (99, 99, None)],
)
def test_who_is_faster_is_judged(made_up, none, batch, expected):
    accuracies = [lambda step, at=at: 0.9 if step >= at else 0.1 for at in (none, batch)]
    assert made_up("faster", scoring(*accuracies))["correctGuess"] == expected


def test_one_seed_against_the_lecture_is_called_one_seed(answers):
    """With seed 2 the plain network is first at this target, with seed 0 the other one."""
    against, as_told = (answers({"seed": seed, "steps": 40}, target=0.2)["faster"] for seed in (2, 0))
    assert (against["correctGuess"], as_told["correctGuess"]) == ("without", "with")
    assert "This run contradicts the lecture. But it is one seed" in against["text"] and "is wrong" not in against["text"]


@pytest.mark.parametrize(("fall", "expected"), [(0.2, "falls"), (0.0, "stays"), (0.03, None)])
def test_a_fall_is_judged(made_up, fall, expected):
    after = [lambda step: 0.8 if step <= 10 else 0.8 - fall] * 2
    assert made_up("inputs", scoring(*after))["correctGuess"] == expected


def test_a_fall_of_one_network_alone_is_neither(made_up):
    assert made_up("inputs", scoring(lambda step: 0.8 if step <= 10 else 0.5, lambda _: 0.8))["correctGuess"] is None
