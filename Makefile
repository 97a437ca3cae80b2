# Every target makes what it needs: a fresh clone, Python 3.11 or newer and make are enough.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
JAVASCRIPT := "bnviz/**/*.js" "tests/**/*.mjs" eslint.config.js

.PHONY: run test test-all test-failed newest hands bench site evidence cards gallery animation documents lock packages audit lint format clean

# With DEV=1 the app follows changes of its sources.
run: .venv/app
	$(if $(DEV),STREAMLIT_SERVER_FILE_WATCHER_TYPE=auto STREAMLIT_SERVER_RUN_ON_SAVE=true) $(BIN)/bnviz serve --port $(PORT)

# All tests but those marked slow, and all tests. CONTRIBUTING.md has their budgets; the slowest ten are named at the end.
test: MARKED = -m "not slow"
test: BROWSERS = chromium
test test-all: .venv/dev
	$(BIN)/python -m tests.browsers $(BROWSERS)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=10 $(MARKED)

# Those that failed the last time, one after the other, by name.
test-failed: .venv/dev
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none -v

# What the newest Streamlit that can be had would break. It reports, and does not fail.
newest: .venv/dev
	-$(BIN)/python -m pip install --quiet --upgrade --no-deps --target build/newest streamlit
	-PYTHONPATH=build/newest $(BIN)/python -c "import streamlit; print('Streamlit', streamlit.__version__)"
	-PYTHONPATH=build/newest $(BIN)/python -m pytest tests/web/test_compat.py tests/web/test_pages.py tests/web/test_board.py

hands: .venv/dev
	$(BIN)/python -m tests.browsers chromium
	BNVIZ_HANDS_SECONDS=40 $(BIN)/python -m pytest tests/e2e/test_random_hands.py

bench: .venv/dev
	$(BIN)/python -m tests.browsers chromium
	$(BIN)/python -m benchmarks

# All lessons as plain files in build/site. PAGES and VARY choose which, as `bnviz site --help` says.
site: .venv/app
	$(BIN)/bnviz site --out build/site $(if $(PAGES),--page $(PAGES)) $(if $(filter undefined,$(origin VARY)),,--vary $(VARY))

# The table of verdicts, the rows that the release ships, and how often rules are wrong on made-up rows. A stop costs no runs: their
# rows are kept where BNVIZ_STORE says. `python -m bnviz.evidence --stored` ships those that are there.
evidence: .venv/app
	$(BIN)/python -m bnviz.lessons.does_it_hold.evidence --write
	$(BIN)/python -m bnviz.evidence
	$(BIN)/python -m bnviz.lessons.does_it_hold.simulation --write

cards: .venv/app
	$(BIN)/python -m bnviz.web.picture.cards

# The recordings of examples/ that the page /own plays. It trains them all: a few minutes.
gallery: .venv/app
	$(BIN)/python -m bnviz.web.own.gallery

# The animation in README, of the page itself: a minute.
animation: .venv/dev
	$(BIN)/python -m tests.browsers chromium
	$(BIN)/python -m tests.e2e.animation docs/front-page.gif

documents: .venv/app
	$(BIN)/python -m bnviz.documents

# The releases that were tried, with what their files must hash to: all but PyTorch itself, which has a place of its own.
lock: .venv/dev
	$(BIN)/python -m pip install --quiet uv
	{ sed -n '/^dependencies/,/^]/s/^ *"\(.*\)",/\1/p' pyproject.toml | grep -v ^torch; printf '%s\n' filelock networkx sympy; } | \
		$(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
		--output-file requirements.lock

# What a package index takes, in dist: sdist and wheel, checked.
packages: .venv/dev
	$(BIN)/python -m pip install --quiet build twine
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*

# Whether anything is known against them: asks the package index.
audit: .venv/dev
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip

lint: .venv/dev node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/node node_modules/typescript/bin/tsc
	$(BIN)/node node_modules/eslint/bin/eslint.js .
	$(BIN)/node node_modules/prettier/bin/prettier.cjs --check $(JAVASCRIPT)

format: .venv/dev node_modules/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/node node_modules/prettier/bin/prettier.cjs --write $(JAVASCRIPT)

clean:
	rm -rf .venv node_modules

.venv/app: pyproject.toml setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/dev: pyproject.toml setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,cluster]'
	touch $@ .venv/app

# What checks and formats the JavaScript; node and npm come with .venv/dev.
node_modules/.installed: package.json package-lock.json .venv/dev
	PATH=$(CURDIR)/$(BIN):$$PATH npm ci --ignore-scripts --no-audit --no-fund
	touch $@
