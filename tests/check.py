"""Static checks, as `make check` and CI run them: format, lint, types of core, floors, scripts. Standard library only."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from devbench import build, layout  # noqa: E402
from devbench.steps import alone  # noqa: E402

PYTHON = ["signflow", "tests", "devbench", "benchmarks", "setup.py"]


def main() -> int:
	with alone(layout.HOME / "lock", seconds=900):
		build.build(layout.stack("sqlite", "test.localhost"))
	tools = layout.ENV / "bin"
	present = [name for name in PYTHON if (REPO / name).exists()]
	checks = {
		"ruff lint": [tools / "ruff", "check", *present],
		"ruff format": [tools / "ruff", "format", "--check", *present],
		"mypy on core": [tools / "mypy"],
		"floors": [tools / "lint-imports"],
		"dotted paths": [layout.PYTHON, "-m", "pytest", "-q", "tests/contracts/test_dotted_paths.py"],
		"translations": [layout.PYTHON, "-m", "pytest", "-q", "tests/contracts/test_translations.py"],
		"npm packages": ["npm", "ci", "--no-audit", "--no-fund", "--silent"],
		"eslint": ["npx", "--no-install", "eslint", "signflow/public", "signflow/integrations", "devbench"],
	}
	failed = []
	for name, command in checks.items():
		print(f"== {name}", flush=True)
		if subprocess.run([str(word) for word in command], cwd=REPO, timeout=600).returncode:
			failed.append(name)
	print("\nall checks pass" if not failed else f"\nFAILED: {', '.join(failed)}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
