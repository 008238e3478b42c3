"""The demo project's settings, which suit its small models."""

import json

from assets import demo as files
from core.types import Settings, TuningSettings


def demo_settings() -> Settings:
    """The settings in ``assets/demo/settings.json``."""
    stored = json.loads(files.SETTINGS.read_text())
    return Settings(**stored | {"support": files.SUPPORT_NAME, "tuning": TuningSettings(**stored["tuning"])})
