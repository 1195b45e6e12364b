"""A bench-like site from package registries alone, for trying and testing signflow. See README.md."""
