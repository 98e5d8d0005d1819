PYTHON ?= python3
PORT ?= 8501
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: app notebooks notebooks-run test lint setup clean

app: setup ## Open the app in the browser
	$(VENV)/bin/streamlit run app.py --server.port $(PORT)

notebooks: setup ## Open the notebooks in JupyterLab
	$(VENV)/bin/jupyter lab --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None notebooks/00_tour.ipynb

notebooks-run: setup ## Execute all notebooks again and write their outputs
	$(VENV)/bin/python notebooks/rerun.py

test: setup lint ## Lint, then every test; those in the browser, which mostly wait, beside the others
	@$(VENV)/bin/python -m pytest tests/browser >$(VENV)/browser-tests.log 2>&1 & browser=$$!; \
	$(VENV)/bin/python -m pytest --ignore=tests/browser; others=$$?; \
	wait $$browser; status=$$?; cat $(VENV)/browser-tests.log; \
	test $$others -eq 0 && test $$status -eq 0

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
