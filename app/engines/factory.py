"""The engine that the settings name."""

from app.engines.engine import Engine
from app.engines.local_engine import LocalEngine
from app.engines.ray_engine import RayEngine
from app.settings import AppSettings


def create_engine(settings: AppSettings) -> Engine:
    """The engine that does the jobs of a worker with these settings."""
    if settings.engine == "ray":
        return RayEngine(
            settings.device,
            address=settings.ray_address,
            max_actors=settings.ray_actors,
            cpus_per_actor=settings.ray_cpus,
            shard=settings.shard,
        )
    return LocalEngine(settings.device, processes=settings.processes, shard=settings.shard)
