# make run    a simulated incubator on a live page      make test   everything that must hold
# make bench  figures, beside the machine's baseline    make chaos  kills, cuts and faults, long
# make soak   endurance: a week of the gateway          make lint   style and types only
# make page   the web page's files from frontend/ (needs node; they are committed)
# make board-proof   a board's image: TLS, a day without broker, 1,000 power cuts; long

PY = .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin

.PHONY: run test page lint format bench chaos soak board-proof setup setup-test clean

run: setup
	$(PY) -m neonat demo

setup:
	@scripts/setup run

setup-test:
	@scripts/setup test

lint: setup-test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: lint
	$(PY) -m pytest -n 3

page: setup-test
	cd frontend && npm run --silent build

format: setup-test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup-test
	$(PY) benchmarks/run.py

chaos: setup-test
	$(PY) benchmarks/chaos.py

soak: setup-test
	$(PY) benchmarks/gateway_memory.py

board-proof: setup-test
	$(PY) benchmarks/board.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
