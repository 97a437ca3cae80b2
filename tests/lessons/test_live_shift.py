"""What the page / says of a run in which something changes on the way, against the numbers of that run."""

import re

import numpy as np
import pytest

from bnviz.lessons.live_shift.page import PAGE
from bnviz.numerals import digits
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.web.player import messages
from bnviz.web.site import links, live_edits
from tests.web.test_contract import small

LONGER = {"steps": 40}  # there is as much after a change at step 20 as before it
TURNS = {"batch": {"changes": "20:batch_size=4"}, "late": {"batch_norm_from": 20}}
SAME = PAGE.words["story"]["turned_same"].strip()


@pytest.fixture
def tell_story(desk, recorded):
    """What is said of the last change at a step, and the snapshots of the run."""

    def run(changes, step):
        experiment = small(PAGE, {**LONGER, **changes})
        path = recorded(experiment)
        with open(path, "rb") as file:
            frames = [message for message in ndjson.read(file) if message["type"] == "snapshot"]
        data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
        data["changes"] = [live_edits.change_data(change, experiment) for change in live_edits.all_changes(experiment)]
        choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
        place = next(index for index, frame in enumerate(frames) if frame["step"] >= step)
        desk.ask("look", recording=path, story="live_shift", data=data, choice=choice, place=place)
        return desk.ask("speak", panels=[])[1], frames

    return run


@pytest.mark.parametrize("kind", TURNS)
def test_before_and_now_are_averages_of_the_run(tell_story, kind):
    text, frames = tell_story(TURNS[kind], 40)
    before = [frame for frame in frames if frame["step"] <= 20]
    now = [frame for frame in frames if frame["step"] <= 40]

    def accuracy(part, arm):
        return 100 * np.mean([frame["arms"][arm]["test_accuracy"] for frame in part[-5:]])

    def stride(part, arm):
        return np.mean([frame["arms"][arm]["shift_step"]["activation"][1] for frame in part[1:][-5:]])

    pairs = [(part, arm) for arm in ("none", "batch") for part in (before, now)]
    assert numbers(text, "%") == pytest.approx([accuracy(*pair) for pair in pairs], abs=0.6)
    assert numbers(text, "σ") == pytest.approx([stride(*pair) for pair in pairs], rel=0.06)
    assert (SAME in text) == (kind == "late")


def numbers(text, unit):
    return [float(number) for number in re.findall(rf"([\d.]+)\s{unit}", text)]


@pytest.mark.parametrize("step", [0, 10, 20, 22])
def test_nothing_is_said_before_there_is_something_to_compare(tell_story, step):
    assert tell_story(TURNS["batch"], step)[0] == ""


# --- words know the past


@pytest.fixture
def speak(desk, recorded, tmp_path):
    """The headline at a step of a run whose test accuracies, a function of the arm and the step, are made up, and its
    `group` size and other `fields` of its experiment, too."""

    def run(accuracies, step=70, experiment=None, group=None, **fields):
        experiment = small(PAGE, {**LONGER, **(experiment or {})})
        with open(recorded(experiment), "rb") as file:
            first, *frames, end = ndjson.read(file)
        for frame in frames:
            frame["step"] *= 2  # before step 50 nobody is expected to have learnt anything
            for arm, values in frame["arms"].items():
                values["test_accuracy"] = accuracies(arm, frame["step"])
            frame["group_size"] = group or frame["group_size"]
        first["experiment"] |= fields
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.ndjson"
        path.write_bytes(b"".join(map(ndjson.line, [first, *frames, end])))
        data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
        data["changes"] = live_edits.changes_data(experiment)
        place = next(index for index, frame in enumerate(frames) if frame["step"] >= step)
        choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
        desk.ask("look", recording=str(path), story="live_shift", data=data, choice=choice, place=place)
        return desk.ask("speak", panels=[])[0].replace("\N{NO-BREAK SPACE}", " ")

    return run


def collapse(step, arms=("none",)):
    """Accuracies of networks of which some fall to chance after a step."""
    return lambda arm, now: 0.1 if arm in arms and now > step else 0.81 if now else 0.1


def test_what_a_network_has_lost_is_not_called_unlearnt(speak):
    text = speak(collapse(64))
    assert (
        "The network without batch norm has just lost what it had learnt: 81 % right at step 64" in text and "moved" not in text
    )
    assert "without batch norm has lost what" in speak(collapse(20), 80)
    both = speak(collapse(64, ("none", "batch")))
    assert "Both networks have lost" in both and "learnt anything" not in both
    assert "the network without it has not learnt" in speak(collapse(-1))
    jump = speak(lambda arm, now: 0.1 if not now else 0.81 if arm == "batch" else 0.2 if now >= 70 else 0.4)
    assert "lost" not in jump, "one snapshot is no loss: accuracies are averages of five"
    hardly = speak(lambda arm, now: 0.27 if arm == "batch" or now < 64 else 0.2)
    assert "the network without it has not learnt" in hardly, "what is so little may come and go by chance"


SHRUNK = {"experiment": TURNS["batch"], "group": 4}  # snapshots at step 40 are made up to be those just before the change


def since_change(plain, compared, batch_norm=None):
    """Accuracies of both networks, of each before a change and after; `batch_norm` of the last steps."""

    def accuracies(arm, step):
        before, after = compared if arm == "batch" else plain
        if arm == "batch" and batch_norm and step > 60:
            return batch_norm
        return before if step <= 20 else after

    return accuracies


def test_a_fall_of_both_networks_is_said_of_both_and_without_a_cause(speak):
    text = speak(since_change((0.75, 0.59), (0.80, 0.20)), 40, **SHRUNK)
    assert text.startswith("Both networks have just lost accuracy since step 20")
    assert "75 % → 59 %" in text and "80 % → 20 %" in text and "noisy" not in text and "behind" in text
    equal = speak(since_change((0.75, 0.47), (0.80, 0.47)), 80, **SHRUNK)
    assert "Both networks have lost accuracy since step 20" in equal and "Now they are less than 3 points apart" in equal
    assert "equally well" not in equal


def test_a_fall_of_one_network_is_said_of_that_one(speak):
    text = speak(since_change((0.75, 0.74), (0.88, 0.75)), 80, **SHRUNK)
    assert text.startswith("The network with batch norm has lost accuracy") and "less than 3 points apart" in text
    assert speak(since_change((0.75, 0.6), (0.8, 0.79)), 80, **SHRUNK).startswith("The network without batch norm has lost")
    recovered = speak(since_change((0.75, 0.74), (0.80, 0.60), batch_norm=0.8), 80, **SHRUNK)
    assert "lost" not in recovered and "learns better" in recovered


# --- just after a switch


def ratio_of_strides(frames, step):
    """How many times as far a[2] moves without batch norm as with it, over the last five snapshots up to a step."""
    recent = [frame for frame in frames if frame["step"] <= step][-5:]
    plain, compared = (sum(frame["arms"][arm]["shift_step"]["activation"][1] for frame in recent) for arm in ("none", "batch"))
    return plain / compared


def test_after_a_switch_headline_and_note_speak_of_the_same_movement(tell_story, desk):
    tell_story(TURNS["late"], 24)
    [early, note] = desk.ask("speak", panels=[])
    assert "The switch at step 20 itself moved a[2]" in early and note == ""
    _, frames = tell_story(TURNS["late"], 32)
    headline = desk.ask("speak", panels=[])[0]
    ratio = ratio_of_strides(frames, 32)
    said = "less" if ratio > 1.1 else "more" if ratio < 1 / 1.1 else "about as far"
    assert f" {said} " in headline and "from one snapshot to the next" in headline


def test_small_minibatches_come_with_the_experiment_that_tells_noises_apart(speak, desk):
    speak(collapse(80), batch_size=4)
    [offer] = desk.ask("offers")
    assert offer["values"] == {"batch_size": 64, "ghost_batch_size": 4, "changes": ""}
    assert "statistics of 4 examples" in offer["text"] and "again from the start" in offer["text"]
    speak(collapse(80), batch_size=64, ghost_batch_size=4)
    control, back = desk.ask("offers")
    assert control["values"] == {"batch_size": 64, "ghost_batch_size": 0, "changes": ""} and "all 64" in control["text"]
    assert back["values"] == {"batch_size": 4, "ghost_batch_size": 0, "changes": ""}, "the way back"
    speak(collapse(80), batch_size=64, changes="9:learning_rate=1;20:ghost_batch_size=4")
    assert desk.ask("offers")[0]["values"] == {"changes": "9:learning_rate=1"}, "as before step 20"
    speak(collapse(80), batch_size=64, changes="9:learning_rate=1;20:batch_size=4;30:dropout=0.1")
    [offer] = desk.ask("offers")
    assert offer["values"] == {"changes": "9:learning_rate=1;20:ghost_batch_size=4;30:dropout=0.1"}, (
        "the same step, all else kept"
    )
    assert "From step 20 on" in offer["text"]
    speak(collapse(80), step=10, batch_size=64, changes="20:batch_size=4")
    assert desk.ask("offers") == [], "they are not small yet"
    speak(collapse(80), experiment={"compare": "layer"}, batch_size=4)
    assert desk.ask("offers") == [], "layer norm has no statistics of minibatches"


SMALL_AND_AVERAGED = {  # accuracies of both networks, the plain one first: in minibatches of 4, and with averaged gradients
    "gradients": ((0.60, 0.55), (0.84, 0.84)),
    "statistics": ((0.60, 0.55), (0.84, 0.56)),
    "both": ((0.60, 0.65), (0.84, 0.70)),
    "open": ((0.82, 0.83), (0.84, 0.84)),
}


@pytest.mark.parametrize("cause", SMALL_AND_AVERAGED)
def test_two_runs_tell_noisy_gradients_from_noisy_statistics(desk, cause):
    rows = [{"plain": plain, "compared": compared} for plain, compared in SMALL_AND_AVERAGED[cause]]
    assert desk.call("lessons/live_shift/noise-cause.js", "noiseCause", *rows) == cause
    unknown = {"plain": float("nan"), "compared": float("nan")}
    assert desk.call("lessons/live_shift/noise-cause.js", "noiseCause", rows[0], unknown) == "open"


@pytest.mark.parametrize("cause", SMALL_AND_AVERAGED)
def test_the_page_concludes_once_both_runs_are_over(speak, desk, cause):
    small, averaged = SMALL_AND_AVERAGED[cause]
    end = {"step": 80, "group": 4}

    def accuracies(pair):
        return lambda arm, step: pair[arm == "batch"] if step else 0.1

    speak(accuracies(small), **end, batch_size=4)
    desk.ask("keep")
    assert desk.ask("conclude") is None, "a run does not say it alone"
    speak(accuracies(averaged), **{**end, "step": 70}, batch_size=64, ghost_batch_size=4)
    assert desk.ask("conclude") is None, "it is not over"
    speak(accuracies(averaged), **end, batch_size=64, ghost_batch_size=4)
    text = desk.ask("conclude")
    shares = {f"{100 * share:.0f}" for share in (*small, *averaged)}
    assert set(re.findall(r"(\d+)\W%", text)) == shares, "both networks are answered"
    assert "The run that averages over 64 also sees more examples: 64 a step instead of 4" in text
    assert ("there it was the gradients" in text) == (averaged[0] - small[0] > 0.025)
    said = {
        "gradients": "With batch norm it was the gradients",
        "statistics": "is the statistics",
        "both": "is both",
        "open": "cannot tell",
    }
    assert [one for one, words in said.items() if words in text] == [cause]
    speak(accuracies(averaged), **end, batch_size=64, ghost_batch_size=4, learning_rate=1.0)
    assert desk.ask("conclude") is None, "another learning rate, too"
    speak(accuracies(small), **{**end, "step": 70}, batch_size=4)
    desk.ask("keep")
    speak(accuracies(averaged), **end, batch_size=64, ghost_batch_size=4)
    assert desk.ask("conclude") is None, "the run before was left before it was over"


@pytest.mark.parametrize(
    ("control", "said"), [(0.84, "of 4 do harm"), (0.70, "of 4 do no clear harm"), (0.60, "of 4 are the better ones")]
)
def test_the_control_tells_whether_few_statistics_do_harm(speak, desk, control, said):
    accuracies = [lambda arm, step, right=right: right if step else 0.1 for right in (0.70, control)]
    speak(accuracies[0], step=80, batch_size=64, changes="20:ghost_batch_size=4")
    desk.ask("keep")
    speak(accuracies[1], step=80, batch_size=64)
    text = desk.ask("conclude")
    assert said in text and [int(one) for one in re.findall(r"(\d+)\W%", text)] == [round(100 * control), 70]
    speak(accuracies[1], step=80, batch_size=64, learning_rate=1.0)
    assert desk.ask("conclude") is None, "another learning rate, too"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ((0.80, 0.86), (0.40, 0.60), "As before, the network with batch norm is ahead"),
        ((0.80, 0.81), (0.40, 0.60), "Now the network with batch norm is ahead"),
        ((0.86, 0.80), (0.60, 0.40), "As before, the network with batch norm is behind"),
        ((0.80, 0.81), (0.50, 0.51), "They are still less than 3 points apart"),
    ],
)
def test_who_is_ahead_after_a_fall_is_compared_with_before(speak, before, now, said):
    text = speak(lambda arm, step: (before if step <= 40 else now)[arm == "batch"] if step else 0.1, step=80)
    assert "lost accuracy" in text and said in text


def test_a_pair_differs_from_the_same_step_on_and_in_nothing_else(desk):
    usual = {"batch_size": 64, "ghost_batch_size": 0, "learning_rate": 0.1, "changes": ""}
    small = usual | {"changes": "20:batch_size=4;30:dropout=0.1"}
    for fields in (usual | {"batch_size": 4}, small, usual | {"batch_size": 8, "changes": "20:batch_size=4"}):
        averaged = fields | desk.call("lessons/live_shift/noise-runs.js", "averagedRun", fields, 40)["values"]
        experiment = PAGE.default.replace(**averaged)
        assert experiment.changes == averaged["changes"], "as an experiment writes it"
        assert fields == averaged | desk.call("lessons/live_shift/noise-runs.js", "smallRun", averaged, 40)["values"]
        assert desk.call("lessons/live_shift/noise-runs.js", "isPair", averaged, fields, 40)
        assert not desk.call("lessons/live_shift/noise-runs.js", "isPair", averaged | {"learning_rate": 1}, fields, 40)
    other = usual | {"changes": "21:ghost_batch_size=4;30:dropout=0.1"}
    assert not desk.call("lessons/live_shift/noise-runs.js", "isPair", other, small, 40), "from another step on"


def test_a_network_that_has_not_learnt_is_no_reference(speak, desk):
    speak(lambda arm, step: 0.4 if step else 0.1, step=80, group=4, batch_size=4)
    desk.ask("keep")
    speak(lambda arm, step: 0.7 if arm == "batch" and step else 0.1, step=80, group=4, batch_size=64, ghost_batch_size=4)
    assert "cannot tell" in desk.ask("conclude")


# --- the other way to move


def of_examples(frames, arm):
    """The median of what the same examples' a[2] moved in training."""
    return np.median([frame["arms"][arm]["example_step_in_training"]["activation"][1] for frame in frames[1:]])


def test_what_the_same_example_gives_stands_below_the_headline(tell_story):
    text, frames = tell_story({}, 40)
    assert "By construction, batch norm fixes the mean and spread" in text
    compared, plain = of_examples(frames, "batch"), of_examples(frames, "none")
    assert numbers(text, "σ") == pytest.approx([compared, plain], rel=0.06)
    assert (" more " in text) == (compared > 1.1 * plain) and (" less " in text) == (plain > 1.1 * compared)


def test_no_distribution_is_held_by_layer_norm(tell_story):
    text, _ = tell_story({"compare": "layer"}, 40)
    assert "by construction" not in text and len(numbers(text, "σ")) == 2


# --- α of SkipInit


@pytest.fixture
def skipinit(recorded):
    """A run with SkipInit: its experiment, and its file."""
    experiment = small(PAGE, {"skip_connections": "skipinit", "hidden_layers": 4})
    return experiment, recorded(experiment)


def look_at_alphas(desk, experiment, path, layer):
    """The panel of α, and its caption and text alternative at the last snapshot, with one layer chosen."""
    [panel] = [one for one in PAGE.panels(experiment) if one["id"] == "alphas"]
    data = messages.player_data(experiment.id, experiment, [panel], links.VIEW, "live_shift")
    choice = {"layer": layer, "tap": "activation", "unit": 0, "target": 0.5}
    desk.ask("look", recording=path, story="live_shift", data=data, choice=choice, place=10**6)
    return panel, " ".join(desk.ask("speak", panels=[panel]))


def test_alphas_are_the_networks_and_are_drawn_layer_by_layer(desk, skipinit):
    experiment, path = skipinit
    with open(path, "rb") as file:
        frames = [message for message in ndjson.read(file) if message["type"] == "snapshot"]
    every = np.array([frame["arms"]["batch"]["skip_scale"] for frame in frames])
    learnt = [scale.item() for scale in loop.TRAINED_NETWORKS[experiment.id].skip_scales]
    assert np.isnan(every[:, 0]).all() and (every[0, 1:] == 0).all()
    assert every[-1, 1:] == pytest.approx(learnt) and min(map(abs, learnt)) > 0
    panel, text = look_at_alphas(desk, experiment, path, layer=3)
    of_batch = [trace["feed"] for trace in panel["data"] if trace["feed"]["arm"] == "batch"]
    drawn = [desk.ask("feed", **feed)["y"] for feed in of_batch]
    assert [one[-1] for one in drawn] == pytest.approx([*learnt, learnt[1]])
    assert "layer 3" in text and all(digits(one, 3) in text for one in learnt)


def test_layer_1_has_no_alpha_and_older_recordings_have_none_at_all(desk, skipinit, tmp_path):
    experiment, path = skipinit
    assert "Layer 1 has none" in look_at_alphas(desk, experiment, path, layer=1)[1]
    older = tmp_path / "older.ndjson"
    with open(path, "rb") as file:
        older.write_bytes(file.read().replace(b'"skip_scale"', b'"unknown_key"'))
    panel, text = look_at_alphas(desk, experiment, str(older), layer=2)
    assert "not recorded" in text
    assert all(one is None for trace in panel["data"] for one in desk.ask("feed", **trace["feed"])["y"])
    assert "alphas" not in [one["id"] for one in PAGE.panels(PAGE.default)]


def test_the_caption_of_both_runs_says_which_lines_reach_the_target(speak, desk):
    def caption():
        return desk.ask("fill", text="{reached}").replace("\N{NO-BREAK SPACE}", " ")

    speak(lambda arm, step: 0.9 if arm == "batch" and step >= 40 else 0.1, step=0)
    desk.ask("keep")
    speak(lambda *_: 0.1)
    assert caption().startswith("Neither network has classified 50 %"), "nothing else is drawn"
    desk.ask("compare")
    solid, dotted = caption().removeprefix("Solid lines: ").split(" Dotted lines: ")
    assert solid.startswith("Neither network has classified 50 %")
    assert dotted.startswith("50 % of the") and "after 40 steps with batch norm" in dotted and "Not yet without" in dotted
