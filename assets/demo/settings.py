"""The settings of the demo project, which its small models were made for."""

import json

from assets import demo as files
from core.types import Settings, TuningSettings


def demo_settings() -> Settings:
    """The project settings that the demo's small models were made for (``assets/demo/settings.json``)."""
    stored = json.loads(files.SETTINGS.read_text())
    return Settings(**stored | {"support": files.SUPPORT_NAME, "tuning": TuningSettings(**stored["tuning"])})
