# `make help` lists the targets from their ## comments.
# ARGS="..." goes to what a target starts; MICROPYTHON=/path names another interpreter;
# PORT=/dev/ttyUSB0 (or COM3, socket://host:port, rfc2217://host:port) is where a board is.

PYTHON ?= python3
VENV := .venv/bin

ifdef MICROPYTHON
export MICROPYTHON
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check setup bench docs fmt clean firmware release flash deploy device-test provision backup restore monitor size app

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: setup ## Start the camera on the simulated board (ARGS="--help" shows its options)
	@exec $(VENV)/python tools/sim/run.py $(ARGS)

test: setup ## Run all tests (ARGS="-k name" some of them)
	@$(VENV)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## Lint, format, spelling, import layers, the reference's tables, size
	$(VENV)/ruff check --quiet .
	$(VENV)/ruff format --quiet --check .
	$(VENV)/codespell
	$(VENV)/python tools/check_layers.py
	$(VENV)/python tools/docs.py --check
	$(VENV)/python tools/size.py --check

setup: ## Prepare everything: .venv, interpreter, packages (nothing to do when it is there)
	@$(PYTHON) tools/setup.py

firmware: setup ## Build the firmware image (needs ESP-IDF, docker or podman; ARGS=--dry-run prints the steps)
	@exec $(VENV)/python tools/firmware.py $(ARGS)

release: setup ## Fill build/release with images, updates and a manifest (ARGS="--image FILE --key porch.key.pem")
	@exec $(VENV)/python tools/release.py $(ARGS)

flash: setup ## Write firmware to a new board (PORT=... FIRMWARE=file.bin; ARGS=--erase: empty it first)
	@exec $(VENV)/python tools/flash.py $(PORT) $(FIRMWARE) $(ARGS)

deploy: setup ## Bring the programs to a board that runs MicroPython (PORT=...; ARGS=--py: sources)
	@exec $(VENV)/python tools/deploy.py $(PORT) $(ARGS)

provision: setup ## Write settings to a board (PORT=... ARGS="ssid=home password=- mqtthost=mqtt://...")
	@exec $(VENV)/python tools/provision.py $(PORT) $(ARGS)

backup: setup ## Keep a board's settings in a file (PORT=... FILE=porch.json; ARGS=--secrets)
	@exec $(VENV)/python tools/backup.py $(PORT) $(FILE) $(ARGS)

restore: setup ## Bring a board's settings back from a file (PORT=... FILE=porch.json)
	@exec $(VENV)/python tools/backup.py $(PORT) $(FILE) --restore

monitor: setup ## Be the serial console of a board (PORT=...); Ctrl-] ends it
	@exec $(VENV)/python tools/monitor.py $(PORT) $(ARGS)

device-test: setup ## Run tests/device on a board (PORT=...; ARGS="test_nvs": some of them)
	@exec $(VENV)/python tools/device_test.py $(PORT) $(ARGS)

app: setup ## Pack the application alone as an update, build/app.tar (ARGS="--key porch.key.pem")
	@$(VENV)/python tools/ota.py app build/app.tar $(ARGS)

bench: setup ## Measure throughput, CPU, memory and stalls; writes build/bench.json
	@exec $(VENV)/python tools/bench/run.py $(ARGS)

size: setup ## List what each module costs: bytes of bytecode, and of heap once imported
	@$(VENV)/python tools/size.py

docs: setup ## Write the tables of config/README.md and the set-up page's time zones
	@$(VENV)/python tools/docs.py

fmt: setup ## Format the sources and sort their imports
	@$(VENV)/ruff check --quiet --fix .
	@$(VENV)/ruff format .

clean: ## Remove what is built (.venv stays)
	rm -rf build .pytest_cache .ruff_cache .hypothesis
