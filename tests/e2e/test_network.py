"""The picture of the two networks: there first, moving, and the chooser of layer and unit."""

import pytest

from tests.e2e.lab import PHONE

UNIT = "document.querySelector('.bnviz-units [aria-checked=true]').ariaLabel"
PICTURE = ".bnviz-picture canvas"


def ink(lab):
    """A text that changes with what is painted."""
    return lab.page.eval_on_selector(PICTURE, "(node) => node.toDataURL()")


def wait_for_other_ink(lab, before):
    lab.page.wait_for_function("([one, before]) => document.querySelector(one).toDataURL() !== before", arg=[PICTURE, before])


def middle(lab, layer, unit=None):
    """Where a layer's histogram, or a unit, of the upper network is on the page."""
    script = """async ({layer, unit}) => {
      const geometry = await import(new URL('bnviz/web/player/geometry.js', document.baseURI).href);
      const canvas = document.querySelector('.bnviz-picture canvas'), box = canvas.getBoundingClientRect();
      const placed = geometry.arrange({width: box.width, layers: 5, units: 64, watched: 8, chosen: 2});
      const column = placed.columns.find((one) => one.layer === layer);
      const at = unit === null ? geometry.histogramBox(placed, 0, column) : geometry.unitBox(placed, 0, column, unit, 8);
      return [box.left + at.x + at.width / 2, box.top + at.y + at.height / 2];
    }"""
    return lab.page.evaluate(script, {"layer": layer, "unit": unit})


@pytest.mark.slow
def test_it_plays_before_plotly_is_there(visit):
    lab = visit(clean=False)
    lab.page.route("**/plotly.min.js*", lambda route: None)  # never answered
    lab.page.goto(f"{lab.server.url}/?steps=100")
    lab.wait("d.frames > 3 && d.step > 20")  # a busy machine draws few
    assert lab.page.evaluate("typeof Plotly") == "undefined"
    wait_for_other_ink(lab, ink(lab))


@pytest.fixture(scope="module")
def page_open(module_visit):
    return module_visit().open(steps=40).trained()


@pytest.fixture
def page_at_end(page_open):
    """A finished run, at its end."""
    lab = page_open.reset(layer=2)
    lab.wait("d.state === 'ended' && d.step === '40'")
    return lab


def test_layers_and_units_are_chosen_in_it(page_at_end):
    lab = page_at_end
    lab.page.mouse.click(*middle(lab, 4))
    lab.wait("$('.bnviz-layers [aria-pressed=true]').ariaLabel === 'Layer 4'")
    lab.page.mouse.click(*middle(lab, 2, unit=5))
    lab.wait("$('.bnviz-layers [aria-pressed=true]').ariaLabel === 'Layer 2'")
    assert lab.unit == "unit 6"
    lab.page.focus(".bnviz-units [aria-checked=true]")
    lab.press("ArrowRight")
    lab.wait(f"{UNIT} === 'unit 7'")
    assert lab.data["step"] == "40", "arrow keys among units do not step the player"
    lab.pool_units()
    lab.wait(f"{UNIT} === 'all units pooled'")


def test_pointing_at_something_says_its_numbers(page_at_end):
    lab = page_at_end
    lab.page.mouse.move(*middle(lab, 3, unit=2))
    lab.wait("$('.bnviz-tip').textContent.includes('layer 3, unit 3')")
    text = lab.page.inner_text(".bnviz-tip")
    recorded = lab.page.evaluate("""async () => {
      const {parseArrays} = await import(new URL('bnviz/web/player/arrays.js', document.baseURI).href);
      const text = await (await fetch(`bnviz/runs/${document.querySelector('.bnviz-player').dataset.run}.ndjson`)).text();
      const frames = text.trim().split('\\n').map(parseArrays).filter(({type}) => type === 'snapshot');
      const part = frames.at(-1).arms.none;
      return {mean: part.unit_mean.activation[2][2], sd: part.unit_std.activation[2][2]};
    }""")
    assert f"mean {recorded['mean']:.2f}, sd {recorded['sd']:.2f}" in text


def test_the_other_motion_has_other_colours_and_words(page_at_end):
    lab, chooser = page_at_end, ".bnviz-motion select"
    before = ink(lab)
    lab.page.select_option(chooser, "example")
    wait_for_other_ink(lab, before)
    lab.wait("$('.bnviz-tip').textContent.startsWith('Stronger colour: in training')")
    lab.page.mouse.move(*middle(lab, 3, unit=2))
    lab.wait(r"/values of the same examples moved [\d.]+ σ in training/.test($('.bnviz-tip').textContent)")
    described = "$('.bnviz-layers [aria-pressed=true]').getAttribute('aria-description')"
    lab.wait(f"{described}.startsWith('In training, the values of the same examples')")
    lab.page.eval_on_selector(chooser, "(node) => node.blur()")
    lab.press("m")
    lab.wait(f"$('{chooser}').value === 'distribution'")


def marks(lab):
    """Where the bar of zeros of layer 3 and the number between layers 2 and 3 are on the page, in the upper network."""
    script = """async () => {
      const geometry = await import(new URL('bnviz/web/player/geometry.js', document.baseURI).href);
      const box = document.querySelector('.bnviz-picture canvas').getBoundingClientRect();
      const placed = geometry.arrange({width: box.width, layers: 5, units: 64, watched: 8, chosen: 2});
      const bar = geometry.zerosBox(placed, 0, placed.columns[2]), number = geometry.passedBox(placed, 0, 1);
      return [[box.left + bar.x + bar.width / 2, box.top + bar.y + 5],
              [box.left + number.x + number.width / 2, box.top + number.y + number.height - 6]];
    }"""
    return lab.page.evaluate(script)


def test_every_mark_says_what_it_is(page_at_end):
    lab = page_at_end
    bar, number = marks(lab)
    lab.page.mouse.move(*bar)
    lab.wait(r"/exactly 0 · without batch norm \d+\s% are exactly 0/.test($('.bnviz-tip').textContent)")
    lab.page.mouse.move(*number)
    lab.wait(r"/^From a.2. to a.3. · without batch norm a.3. .* moved \d+\.\d times as far/.test($('.bnviz-tip').textContent)")
    lab.page.hover(".bnviz-all")
    lab.wait("$('.bnviz-tip').textContent.startsWith('All 64 units of layer 2 together')")
    lab.page.mouse.move(5, 5)
    lab.page.focus(".bnviz-units [aria-checked=true]")
    lab.press("Shift+Tab")  # to the buttons of the layers
    lab.wait(r"/^a.5. · .*mean .*exactly 0/.test($('.bnviz-tip').textContent)")


def test_a_tap_says_numbers_too(visit):
    lab = visit(**PHONE).open(steps=40, step=40).trained()
    lab.wait("d.state === 'ended' && d.step === '40'")
    lab.page.touchscreen.tap(*middle(lab, 3))
    lab.wait("$('.bnviz-tip').textContent.startsWith('a[3] · without batch norm mean')")


def discs(lab):
    """The colours in the middle of layer 3's discs, of both networks: red, green, blue, opacity."""
    script = """async () => {
      const geometry = await import(new URL('bnviz/web/player/geometry.js', document.baseURI).href);
      const canvas = document.querySelector('.bnviz-picture canvas'), {width, height} = canvas;
      const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
      const placed = geometry.arrange({width: canvas.clientWidth, layers: 5, units: 64, watched: 8, chosen: 2});
      return [0, 1].map((row) => Array.from({length: 8}, (_, unit) => {
        const box = geometry.unitBox(placed, row, placed.columns[2], unit, 8);
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2].map((one) => Math.round(one * devicePixelRatio));
        return [...data.slice(4 * (y * width + x)).slice(0, 4)];
      }));
    }"""
    return lab.page.evaluate(script)


def test_a_network_that_has_diverged_is_hollow_and_the_other_still_moves_visibly(lab):
    lab.open(steps=40, learning_rate=1, step=15).trained()
    lab.wait("d.step === '15' && d.state === 'paused'")
    diverged, healthy = discs(lab)
    assert all(opacity == 0 for *_, opacity in diverged)
    assert max(opacity for *_, opacity in healthy) > 100


def luminance(colour):
    """As WCAG 2 defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / 255 for one in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_in_the_dark_a_weak_colour_differs_from_the_background(page_at_end):
    background, before = (0x12, 0x16, 0x1C), ink(page_at_end)
    page_at_end.change_scheme("dark")
    wait_for_other_ink(page_at_end, before)
    *colour, opacity = sorted(discs(page_at_end)[1], key=lambda disc: disc[3])[4]
    page_at_end.change_scheme("light")
    blend = [behind + (part - behind) * opacity / 255 for part, behind in zip(colour, background, strict=True)]
    assert (luminance(blend) + 0.05) / (luminance(background) + 0.05) > 1.9  # 1.5 without any white in it


def test_the_curtain_hides_what_layer_3_does_not_see(page_at_end):
    lab = page_at_end
    lab.page.hover(".bnviz-curtain")  # the pointer lies on no unit any more, once that is drawn
    lab.page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    open_ = ink(lab)
    lab.page.click(".bnviz-curtain")
    lab.wait("$('.bnviz-curtain').ariaPressed === 'true'")
    wait_for_other_ink(lab, open_)
    lab.page.click(".bnviz-curtain")
    lab.page.wait_for_function("([one, before]) => document.querySelector(one).toDataURL() === before", arg=[PICTURE, open_])


@pytest.mark.slow
def test_no_page_begins_with_more_than_two_charts(visit):
    lab = visit().open(steps=40)
    lab.page.click(".bnviz-fold > summary")
    lab.wait("localStorage['bnviz more charts'] === 'closed' && location.search.includes('charts=front')")
    lab.page.reload()
    lab.wait("d.frames > 0")
    visible = "[...document.querySelectorAll('.bnviz-panel')].filter((one) => one.checkVisibility()).length"
    assert lab.page.evaluate(visible) == 2
    lab.page.click(".bnviz-fold > summary")
    lab.wait(f"{visible} > 5 && localStorage['bnviz more charts'] === 'open' && location.search.includes('charts=all')")
    lab.page.reload()
    lab.wait(f"d.frames > 0 && {visible} > 5")
