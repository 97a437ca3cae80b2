# Every target makes what it needs: a fresh clone, Python 3.11 or newer and make are enough.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test bench evidence documents lint format clean

run: .venv/app
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.headless true

test: .venv/dev
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest

bench: .venv/dev
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m benchmarks

evidence: .venv/app
	$(BIN)/python -m bnviz.lessons.does_it_hold.evidence --write

documents: .venv/app
	$(BIN)/python -m bnviz.documents

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv

.venv/app: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/dev: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,cluster]'
	touch $@ .venv/app
