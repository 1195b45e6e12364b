"""A bench-like site from package registries alone, for trying and testing signflow. See README.md."""

import os

# Whatever the machine's image says: without compiled files every process compiles a thousand sources anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
