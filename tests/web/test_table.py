"""table.js: what a chart shows, as rows."""

FILE = "web/player/table.js"
LAYOUT = {
    "xaxis": {"title": {"text": "step"}}, "yaxis": {"title": {"text": "loss"}},
    "xaxis2": {"title": {"text": "step"}}, "yaxis2": {"title": {"text": ""}, "matches": "y"},
}  # fmt: skip


def rows(desk, *traces):
    return desk.call(FILE, "rowsOf", list(traces), LAYOUT, "peak")


def test_each_point_of_each_visible_trace_is_a_row(desk):
    none = {"name": "without", "x": [0, 1, 2], "y": [2.345678, None, 1]}
    batch = {"name": "with", "x": [0], "y": [0.5], "xaxis": "x2", "yaxis": "y2", "visible": True}
    off = {"name": "off", "x": [0], "y": [1], "visible": "legendonly"}
    assert rows(desk, none, batch, off) == {
        "rows": [
            {"what": "without, loss", "x": 0, "y": 2.346},
            {"what": "without, loss", "x": 2, "y": 1},
            {"what": "with, loss", "x": 0, "y": 0.5},
        ],
        "total": 3,
        "x": "step",
    }


def test_long_traces_are_thinned_and_keep_both_ends(desk):
    long = {"name": "without", "x": list(range(1000)), "y": list(range(1000))}
    short = {"name": "with", "x": [0, 7], "y": [1, 2]}
    found = rows(desk, long, short)
    assert found["total"] == 1002 and len(found["rows"]) <= 300
    mine = [row["x"] for row in found["rows"] if row["what"].startswith("without")]
    assert (mine[0], mine[-1]) == (0, 999) and mine == sorted(set(mine))


def test_a_heat_map_says_where_each_column_is_highest(desk):
    heat = {"type": "heatmap", "x": [0, 10, 20], "y": [-1, 0, 1], "z": [[0, 5, None], [3, 1, None], [1, 9, None]]}
    assert rows(desk, heat)["rows"] == [{"what": "loss, peak", "x": 0, "y": 0}, {"what": "loss, peak", "x": 10, "y": 1}]


def test_words_may_stand_on_an_axis_and_nothing_is_no_rows(desk):
    bars = {"name": "before", "x": [0.25], "y": ["cats"], "type": "bar"}
    assert rows(desk, bars)["rows"] == [{"what": "before, loss", "x": 0.25, "y": "cats"}]
    assert rows(desk, {"name": "before"})["rows"] == []
