"""A project's models and settings: creating a project, and changing them as long as no rows depend on them.

Does not check that a model exists and loads none.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlalchemy import Connection

from app.projects.lookup import find_project
from app.projects.settings_fields import RowKind, SettingRow, change_settings, setting_rows
from assets.demo.settings import demo_settings
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from core.types import Role, Settings, TuningSettings
from storage import store
from storage.database import Database
from storage.store import Project

DEMO_STUDENT = "assets/demo/student"
DEMO_TEACHER = "assets/demo/teacher"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
ROLES: tuple[Role, ...] = ("validation", "test")


def create_project(
    db: Database,
    name: str,
    *,
    student: str,
    teacher: str,
    settings: Settings | None = None,
    given: Mapping[str, str] = NO_SETTINGS,
) -> Project:
    """Create a project with its round 0 (the untuned student); ``given`` are settings by name that override
    ``settings``."""
    check_models(student, teacher)
    student, teacher = student.strip(), teacher.strip()
    chosen = change_settings(settings or Settings(), given, {"student": student, "teacher": teacher}, ())
    with db.write() as connection:
        return store.create_project(connection, name, student=student, teacher=teacher, settings=chosen)


def project_settings(db: Database, project: str) -> list[SettingRow]:
    """Every setting of a project, with its meaning and whether existing rows fix it."""
    with db.read() as connection:
        found = find_project(connection, project)
        return setting_rows(found.settings, models_of(found), row_kinds(connection, found))


def set_settings(db: Database, project: str, given: Mapping[str, str]) -> Project:
    """Change settings by name (``app.projects.settings_fields``), all or none.

    Raises UserError for an unknown name, an invalid value, and a setting that existing rows fix.
    """
    with db.write() as connection:
        found = find_project(connection, project)
        settings = change_settings(found.settings, given, models_of(found), row_kinds(connection, found))
        if settings.support and settings.support != found.settings.support:
            store.named_support_set(connection, settings.support)
        store.save_settings(connection, found.id, settings)
        return store.project_of(connection, found.id)


def models_of(project: Project) -> dict[str, str]:
    """The names of a project's models by their role."""
    return {"student": project.student, "teacher": project.teacher}


def row_kinds(connection: Connection, project: Project) -> set[RowKind]:
    """The kinds of rows that exist and fix settings."""
    counted = store.round_counts(connection, project.id)
    made: set[RowKind] = set()
    if any(each.predictions or each.test_predictions for each in counted):
        made.add("predictions")
    if any(each.diagnosed for each in counted):
        made.add("diagnoses")
    return made


def set_models(db: Database, project: str, *, student: str, teacher: str) -> Project:
    """Replace a project's student and teacher; settings equal to the old teacher's defaults become the new one's.

    Raises UserError for an invalid name, and where the base round has predictions.
    """
    check_models(student, teacher)
    with db.write() as connection:
        found = find_project(connection, project)
        if has_answers(db, found):
            raise UserError(
                f"'{project}' has predictions of the student {found.student}: make a new project for other models."
            )
        store.save_models(connection, found.id, student=student.strip(), teacher=teacher.strip())
        if found.settings == settings_for(found.teacher):
            store.save_settings(connection, found.id, settings_for(teacher))
        return store.project_of(connection, found.id)


def has_answers(db: Database, project: Project) -> bool:
    """Whether the project's base round has predictions on either set."""
    with db.read() as connection:
        base = next(each for each in store.rounds_of(connection, project.id) if each.number == 0)
        return any(store.correct_predictions(connection, base.id, role) for role in ROLES)


def check_models(student: str, teacher: str) -> None:
    """Raise UserError for an empty or invalid name, or one that holds an API key, which must never be stored."""
    if not student.strip() or not teacher.strip():
        raise UserError(
            "A project needs a student model and a teacher model: folders, names on the Hugging Face Hub, "
            "openai:MODEL, or MODEL@http://host:port/v1."
        )
    for model in (student, teacher):
        parse_endpoint(model.strip())


def settings_for(teacher: str) -> Settings:
    """The settings of a new project: those of the demo for the demo's teacher, else the defaults."""
    if teacher.strip() != DEMO_TEACHER:
        return Settings()
    return replace(demo_settings(), support="")


def save_tuning(db: Database, project: str, settings: TuningSettings) -> None:
    """Save the tuning settings for the project's next runs."""
    with db.write() as connection:
        found = find_project(connection, project)
        store.save_settings(connection, found.id, replace(found.settings, tuning=settings))
