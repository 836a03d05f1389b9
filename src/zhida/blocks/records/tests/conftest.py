import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    """Every test has its own data folder."""
    settings.HOME = tmp_path / "home"
    return settings.HOME
