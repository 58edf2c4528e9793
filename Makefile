# `make help` lists the targets from their ## comments.
# ARGS="..." is passed to the program of a target; MICROPYTHON=/path selects another interpreter;
# PORT is the board's port: /dev/ttyUSB0, COM3, socket://host:port, rfc2217://host:port.

PYTHON ?= python3
VENV := .venv/bin

ifdef MICROPYTHON
export MICROPYTHON
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check setup bench docs fmt clean firmware web-installer release flash deploy device-test provision backup restore monitor motion size app soak faults pages hubs home-assistant screenshots

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: setup ## Run the camera on the simulated board (ARGS=--help lists the options)
	@exec $(VENV)/python tools/sim/run.py $(ARGS)

test: setup ## Run the tests (ARGS="-k mqtt" selects some)
	@$(VENV)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

faults: setup ## Inject every fault of the fault matrix; write build/faults.md and .json (ARGS="-k o10 --seed 7")
	@$(VENV)/python -m pytest tests/faults --full -o faulthandler_timeout=0 -n 4 --dist loadfile $(ARGS)

pages: setup ## Run all tests of the pages in a browser (ARGS="-k settings")
	@$(VENV)/python -m pytest --full tests/e2e/test_browser*.py $(ARGS)

hubs: setup ## Install Home Assistant, Node-RED, Prometheus, ...; test the camera with them (ARGS="-k node_red")
	@$(VENV)/python tools/hubs.py
	@$(VENV)/python -m pytest --hubs tests/hubs $(ARGS)

home-assistant: setup ## Run Home Assistant with the camera of `make run` (ARGS="--broker mqtt://...")
	@exec $(VENV)/python tools/home_assistant.py $(ARGS)

screenshots: setup ## Make the pictures of the documentation (ARGS="page setup" selects some)
	@exec $(VENV)/python tools/screenshots.py $(ARGS)

check: setup ## Check style, format, spelling, import layers, generated tables and size limits
	$(VENV)/ruff check --quiet .
	$(VENV)/ruff format --quiet --check .
	$(VENV)/codespell
	$(VENV)/python tools/check_layers.py
	$(VENV)/python tools/docs.py --check
	$(VENV)/python tools/size.py --check

setup: ## Install what the other targets need: Python and Debian packages, board modules
	@$(PYTHON) tools/setup.py

firmware: setup ## Build the firmware image with ESP-IDF, docker or podman (ARGS=--dry-run prints the steps)
	@exec $(VENV)/python tools/firmware.py $(ARGS)

web-installer: setup ## Serve the page that installs the firmware from a browser (ARGS="--image FILE")
	@exec $(VENV)/python tools/webinstaller.py $(ARGS)

release: setup ## Make the images and updates of a release (ARGS="--image FILE --key porch.key.pem")
	@exec $(VENV)/python tools/release.py $(ARGS)

flash: setup ## Write firmware to a new board (PORT=... FIRMWARE=file.bin; ARGS=--erase erases it first)
	@exec $(VENV)/python tools/flash.py $(PORT) $(FIRMWARE) $(ARGS)

deploy: setup ## Copy the application to a board with a camera module and PSRAM (PORT=...; ARGS="--py app.camera" copies sources)
	@exec $(VENV)/python tools/deploy.py $(PORT) $(ARGS)

provision: setup ## Write settings to a board (PORT=... ARGS="ssid=home password=- mqtthost=mqtt://...")
	@exec $(VENV)/python tools/provision.py $(PORT) $(ARGS)

backup: setup ## Save a board's settings to a file (PORT=... FILE=porch.json; ARGS=--secrets adds passwords)
	@exec $(VENV)/python tools/backup.py $(PORT) $(FILE) $(ARGS)

restore: setup ## Restore a board's settings from a file (PORT=... FILE=porch.json)
	@exec $(VENV)/python tools/backup.py $(PORT) $(FILE) --restore

monitor: setup ## Open a board's serial console (PORT=...; Ctrl-] exits)
	@exec $(VENV)/python tools/monitor.py $(PORT) $(ARGS)

device-test: setup ## Run tests/device on a board (PORT=...; ARGS="test_nvs" selects some)
	@exec $(VENV)/python tools/device_test.py $(PORT) $(ARGS)

app: setup ## Pack the application as an update, build/app.zip (ARGS="--key porch.key.pem" signs it)
	@$(VENV)/python tools/ota.py app build/app.zip $(ARGS)

bench: setup ## Measure throughput, CPU time, memory and stalls; write build/bench.json
	@exec $(VENV)/python tools/bench/run.py $(ARGS)

soak: setup ## Run the camera under load with random faults (MINUTES=10; ARGS="--seed 7" repeats a run)
	@exec $(VENV)/python tools/soak/run.py --minutes $(or $(MINUTES),10) $(ARGS)

motion: setup ## Measure how well motion is detected, in minutes (ARGS="--sequences 100 --levels 25,50")
	@exec $(VENV)/python tools/motion/roc.py $(ARGS)

size: setup ## List the size of each module: bytes of bytecode, and of heap once imported
	@$(VENV)/python tools/size.py

docs: setup ## Update the tables of config/README.md and the time zones of the set-up page
	@$(VENV)/python tools/docs.py

fmt: setup ## Format the sources and sort their imports
	@$(VENV)/ruff check --quiet --fix .
	@$(VENV)/ruff format .

clean: ## Remove build/ and the caches; .venv stays
	rm -rf build .pytest_cache .ruff_cache .hypothesis
