PYTHON ?= python3
PORT ?= 8501
VENV := .venv
PYTEST := $(VENV)/bin/python -m pytest
# One more than most machines have cores to spare: a browser test waits half of its time.
BROWSER := tests/browser --numprocesses=3 --dist=worksteal
# Once more and alone: beside others, on a busy machine, a picture may come too late.
AGAIN := tests/browser --last-failed --last-failed-no-failures=none
OTHERS := --ignore=tests/browser --numprocesses=logical --maxprocesses=8 --dist=worksteal
STAMP := $(VENV)/.installed

.PHONY: app notebooks notebooks-run test quick measured coverage lint setup clean

app: setup ## Open the app in the browser
	$(VENV)/bin/streamlit run app.py --server.port $(PORT)

notebooks: setup ## Open the notebooks in JupyterLab
	$(VENV)/bin/jupyter lab --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None notebooks/00_tour.ipynb

notebooks-run: setup ## Execute all notebooks again and write their outputs
	$(VENV)/bin/python notebooks/rerun.py

test: setup lint ## Lint, then every test; those in the browser after the others, since they wait for pictures in time
	@logs=$$(mktemp -d); trap 'rm -rf $$logs' EXIT; \
	{ $(PYTEST) $(OTHERS); echo $$? >$$logs/others_status; } 2>&1 | tee $$logs/others; \
	{ $(PYTEST) $(BROWSER) || $(PYTEST) $(AGAIN); echo $$? >$$logs/browser_status; } 2>&1 | tee $$logs/browser; \
	printf '\nThe browser tests, and before them the others, in short:\n'; tail -q -n 1 $$logs/others $$logs/browser; \
	test $$(cat $$logs/others_status) -eq 0 && test $$(cat $$logs/browser_status) -eq 0

quick: setup lint ## Lint, then the tests that take little: none in the browser, none that was measured to be slow
	$(PYTEST) $(OTHERS) -m "not slow"

measured: setup ## Measure again which tests are slow
	$(PYTEST) $(OTHERS) --measure
	$(PYTEST) $(OTHERS) --measure -m "not slow"

coverage: setup ## Which lines of the package and of the app the tests reach, in their processes too
	rm -rf .coverage && mkdir .coverage
	-$(VENV)/bin/python -m coverage run -m pytest tests/browser
	-$(VENV)/bin/python -m coverage run -m pytest $(OTHERS)
	$(VENV)/bin/python -m coverage combine --quiet
	$(VENV)/bin/python -m coverage report --skip-covered --sort=cover

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

setup: $(STAMP) ## The environment with everything installed

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sirenvae needs Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement requirements.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

clean:
	rm -rf $(VENV)
