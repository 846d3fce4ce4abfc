"""Load the fixtures of the test suite."""

pytest_plugins = ["tools.testing.plugin", "tools.testing.module_data", "tools.testing.live"]
