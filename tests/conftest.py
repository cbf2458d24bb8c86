"""What all tests share. The people and rows of a test are made by tests.factories.people and .incidents."""

pytest_plugins = ["tests.fixtures.simulator", "tests.fixtures.stack"]
