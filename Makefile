# 学时通. `make help` lists the targets; every one of them sets the environment up first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 5005
PYTHON := .venv/bin/python
STAMP := .venv/.setup-stamp
.PHONY: help setup run train test test-fast lint bench evaluate check-data

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/' | expand -t 16

setup: $(STAMP) ## Python 3.10 and all packages in .venv (a no-op when up to date)
	@:

$(STAMP): pyproject.toml uv.lock .ci/setup
	@.ci/setup
	@touch $@

run: setup ## the whole bot with sample people and a chat page (PORT=5016 for another port; the console takes the next one)
	@exec $(PYTHON) -m bot first-look --port $(PORT)

train: setup ## train the model when it is older than what it is made from
	@$(PYTHON) -m bot train

test: setup ## every test
	@$(PYTHON) -m pytest

test-fast: setup ## the tests that need neither model nor minutes
	@$(PYTHON) -m pytest -m "not model and not slow"

lint: setup ## ruff, formatting, types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

bench: setup ## this bot, stock Rasa and a bare server side by side (VARIANTS=ours-sqlite,floor BENCH="--quick")
	@$(PYTHON) -m evaluation.bench $(if $(VARIANTS),--variants $(VARIANTS)) $(BENCH)

evaluate: setup ## how well it understands: train on data/, test on evaluation/ (EVALUATE="--failures --publish --stock")
	@$(PYTHON) -m evaluation.understanding $(EVALUATE)

check-data: setup ## what is wrong with the training sentences (AGAINST=cases.yml: a file they must not come from)
	@$(PYTHON) -m evaluation.understanding.datacheck $(if $(AGAINST),--against $(AGAINST))
