"""Changing a project's settings: valid values, which rows fix them, and that no API key is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.endpoints.metered_models import endpoint_teacher
from app.projects.configuration import create_project, project_settings, row_kinds, set_settings
from app.projects.settings_fields import FIELDS, change_settings, setting_rows
from core.errors import UserError
from core.types import Settings
from storage import store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.models.demo_teacher import ByLetter
from tests.projects.demo_mistakes import fill
from tests.projects.unlabelled_support import KEY
from tests.servers.openai_server import Manners, openai_server

MODELS = {"student": "s@http://gpu:8000/v1", "teacher": "openai:gpt-4o-mini"}


def now(db: Database, name: str = "p") -> Settings:
    with db.read() as connection:
        return store.project_named(connection, name).settings


def test_what_is_set_is_read_back_as_it_was_written(db: Database) -> None:
    given = {"dtype": "fp16", "max_pixels": "802816", "batch_size": "4", "spend_cap": "2.5", "timeout": "90"}
    given |= {"teacher.price": "0.15,0.6", "student.base_url": "http://new:8000/v1"}
    create_project(db, "p", **MODELS, given={"longest_side": "512"})
    set_settings(db, "p", given)
    shown = {row.name: row.value for row in project_settings(db, "p")}
    assert given.items() <= shown.items()
    assert shown["longest_side"] == "512"
    assert (now(db).student.dtype, now(db).endpoint.spend_cap) == ("fp16", 2.5)
    set_settings(db, "p", {"spend_cap": "none", "student.base_url": "", "teacher.price": ""})
    assert (now(db).endpoint.spend_cap, now(db).endpoint.addresses, now(db).endpoint.prices) == (None, (), ())


@given(st.sampled_from(FIELDS), st.text(max_size=20))
def test_any_text_is_a_value_that_can_be_read_back_or_refused_with_the_settings_name(field, text) -> None:  # type: ignore[no-untyped-def]
    try:
        settings = change_settings(Settings(), {field.name: text}, MODELS, ())
    except UserError as error:
        settings, refusal = Settings(), str(error)
    else:
        refusal = field.name
    assert field.name in refusal
    (row,) = (row for row in setting_rows(settings, MODELS, ()) if row.name == field.name)
    assert change_settings(Settings(), {field.name: row.value}, MODELS, ()) == settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("dtype", "int4", "dtype is one of auto, bf16, fp16, fp32, not 'int4'"),
        ("min_pixels", "-1", "min_pixels is a whole number from 0"),
        ("prior", "60", "prior is a probability from 0 to 1"),
        ("spend_cap", "nan", "spend_cap is an amount of US dollars"),
        ("teacher.price", "1", "teacher.price is two amounts"),
        ("student.base_url", "gpu", "student.base_url: The model's address is none: write http://host:port/v1"),
        ("teacher.key_variable", KEY, "teacher.key_variable: The key's variable is the name"),
        ("teacher.key_variable", "AWS_SECRET_ACCESS_KEY", "SWITCHPOINT_API_KEY"),
        ("student.base_url", f"http://{KEY}@gpu/v1", "hold no key"),
        ("colour", "red", "no setting 'colour': choose one of dtype"),
        ("support", "flan", "no support set"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_setting_and_changes_nothing(
    db: Database, name: str, value: str, said: str
) -> None:
    create_project(db, "p", **MODELS)
    with pytest.raises(UserError) as refused:
        set_settings(db, "p", {"batch_size": "2", name: value})
    assert said in str(refused.value)
    assert KEY not in str(refused.value)
    assert now(db) == Settings()


def test_the_least_area_is_not_above_the_largest_and_a_local_model_has_no_address() -> None:
    with pytest.raises(UserError, match="min_pixels is 500 and max_pixels 100"):
        change_settings(Settings(), {"min_pixels": "500", "max_pixels": "100"}, MODELS, ())
    with pytest.raises(UserError, match=r"teacher\.price is for a model behind an endpoint, and t runs here"):
        change_settings(Settings(), {"teacher.price": "1,2"}, {"student": "s", "teacher": "t"}, ())


def test_what_rows_were_made_with_stays_and_says_why(db: Database) -> None:
    fill(db, "p", teacher="t", count=2)
    with db.read() as connection:
        assert row_kinds(connection, store.project_named(connection, "p")) == {"predictions"}
    with pytest.raises(UserError, match=r"dtype stays auto: the project has predictions, .* make a new project"):
        set_settings(db, "p", {"dtype": "bf16"})
    set_settings(db, "p", {"dtype": "auto", "batch_size": "1", "prior": "0.5", "votes": "7"})
    held = {row.name for row in project_settings(db, "p") if row.held}
    assert held == {"dtype", "min_pixels", "max_pixels", "longest_side", "max_new_tokens"}


def test_a_server_that_moved_is_asked_at_its_new_address_with_the_key_that_is_named(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "for-openai-alone")
    monkeypatch.setenv("SWITCHPOINT_API_KEY_TEAM", KEY)
    with openai_server(ByLetter(), Manners(key=KEY)) as server:
        fill(db, "p", teacher=f"openai:{server.name.partition('@')[0]}", count=2)
        set_settings(db, "p", {"teacher.base_url": server.url, "teacher.key_variable": "SWITCHPOINT_API_KEY_TEAM"})
        with db.read() as connection:
            project = store.project_named(connection, "p")
        teacher = endpoint_teacher(db, project, lambda: None)
        assert teacher is not None
        assert teacher.top == 20
        assert {each.headers["authorization"] for each in server.asked} == {f"Bearer {KEY}"}
        monkeypatch.delenv("SWITCHPOINT_API_KEY_TEAM")
        with pytest.raises(UserError, match="needs a key: set SWITCHPOINT_API_KEY_TEAM"):
            endpoint_teacher(db, project, lambda: None)


def test_the_command_line_makes_shows_and_changes(command_line: CommandLine) -> None:
    command_line.said("new", "p", "--student", "s", "--teacher", "openai:gpt-4o", "--set", "batch_size=4")
    shown = command_line.json("settings", "p", "--set", "spend_cap=5", "--set", "teacher.price=2,8")["settings"]
    assert (shown["batch_size"]["value"], shown["spend_cap"]["value"]) == ("4", "5")
    assert shown["teacher.price"]["value"] == "2,8"
    assert command_line.refused("settings", "p", "--set", "batch_size") == (
        "--set takes name=value, such as batch_size=4: `switchpoint settings PROJECT` lists them."
    )
    command_line.refused("new", "q", "--student", "s", "--teacher", "t", "--set", "batch_size=0")
    assert "no project 'q'" in command_line.refused("settings", "q")
    assert command_line.json("spending", "--list-price")["prices"]["openai:gpt-4o-mini"] == [0.15, 0.6]
    assert "Say which project" in command_line.refused("spending")
