"""Labels from batches equal those of single requests, at half the price; nothing is lost whatever happens to a
batch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.endpoints import batch_requests
from app.endpoints.batch_requests import batch_client_of
from app.endpoints.spending import set_spending, spending
from app.jobs.queue import put_label
from app.labels.batch_status import batches_of_support
from app.processes.worker_process import worker_lock
from core.endpoints import batch_files
from core.errors import UserError
from core.types import BatchRequest
from storage import store
from storage.database import Database
from storage.jobs import Job
from tests.app.endpoints.test_metered_models import go as work_off
from tests.projects.unlabelled_support import KEY, Quick, bare, labels
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, Manners, OpenAIServer, openai_server

TEACHER = f"openai:{MODEL}"
COUNT = 60
ASKED = 54  # every tenth question is another's


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with openai_server(Quick(), Manners(key=KEY)) as running:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        running.batches = BatchRoom()
        yield running


def room(server: OpenAIServer) -> BatchRoom:
    assert server.batches is not None
    return server.batches


def go(db: Database, *, batch: bool = True, by: str = "sample", name: str = "bare") -> Job:
    """Run a label job like the worker, and return the ended job."""
    return work_off(db, put_label(db, name, project="p", by=by, batch=batch))  # type: ignore[arg-type]


def failing(text: str, *failure: object) -> Callable[[dict[str, Any]], object]:
    """What a batch makes of its requests: this failure of those that hold the text."""
    return lambda body: failure if text in body["messages"][-1]["content"] else None


def batches(db: Database) -> list[BatchRequest]:
    with db.read() as connection:
        return store.batches_of(connection, 1)


def asked(server: OpenAIServer) -> list[str]:
    """The paid requests of every batch."""
    return [each["body"]["messages"][-1]["content"] for each in room(server).requests()]


@pytest.mark.parametrize("by", ["sample", "group"])
def test_batches_give_the_labels_of_asking_one_by_one(db: Database, server: OpenAIServer, by: str) -> None:
    bare(db, TEACHER, 30)
    first = go(db, by=by)
    assert (first.state, first.error, first.done) == ("done", "", 0)
    assert first.message.endswith(f"are under way at {TEACHER}; run it again to collect.".replace("are", "is"))
    single = len(server.asked)
    assert go(db, by=by).done == 30
    assert len(server.asked) == single == 1, "the probe alone is asked by itself"
    found = labels(db)
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM replies")
        connection.exec_driver_sql("UPDATE samples SET skill_label = NULL")
    assert go(db, batch=False, by=by).state == "done"
    assert labels(db) == found
    assert len(set(found.values())) > 1


def test_what_two_samples_ask_is_asked_once_and_a_run_in_between_asks_nothing(
    db: Database, server: OpenAIServer
) -> None:
    room(server).ends = ""
    bare(db, TEACHER, COUNT)
    for _ in range(3):
        assert f"1 batch ({ASKED} requests) is under way" in go(db).message
    assert len(asked(server)) == len(set(asked(server))) == ASKED
    room(server).ends = "completed"
    ended = go(db)
    assert (ended.state, ended.done, ended.message) == ("done", COUNT, "")
    assert all(labels(db).values())
    assert len(room(server).made) == 1


def test_files_are_cut_at_the_limits(db: Database, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_files, "MAX_REQUESTS", 25)
    bare(db, TEACHER, COUNT)
    assert f"3 batches ({ASKED} requests) are under way" in go(db).message
    assert sorted(len(content.splitlines()) for content in room(server).files.values()) == [4, 25, 25]
    assert len(set(asked(server))) == ASKED, "also where the same question stands on both sides of a cut"
    assert go(db).done == COUNT
    monkeypatch.setattr(batch_files, "MAX_BYTES", 4000)
    bare(db, TEACHER, COUNT + 40, name="second")
    go(db, name="second")
    assert all(len(content) <= 4000 for name, content in room(server).files.items() if name.startswith("file-3"))


def test_tokens_of_batches_cost_half_and_are_counted_once(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, COUNT)
    set_spending(db, "p", prices=[(TEACHER, 100.0, 1000.0)])
    go(db)
    (probe,) = spending(db, "p")["models"]
    assert probe["money"] == pytest.approx((probe["tokens_in"] * 100 + probe["tokens_out"] * 1000) / 1e6)
    go(db)
    go(db)
    (row,) = spending(db, "p")["models"]
    assert (row["requests"], row["batch_in"]) == (ASKED + 1, row["tokens_in"] - probe["tokens_in"])
    of_batches = (row["batch_in"] * 100 + row["batch_out"] * 1000) / 1e6
    assert of_batches > 0
    assert row["money"] == pytest.approx(probe["money"] + of_batches / 2)


def test_another_host_gets_no_discount_no_header_of_openai_and_no_key_of_its(
    db: Database, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-ours")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-only-for-openai-00000")
    bare(db, server.name, 10)
    set_spending(db, "p", prices=[(server.name, 100.0, 1000.0)])
    go(db)
    assert go(db).done == 10
    (row,) = spending(db, "p")["models"]
    assert row["money"] == pytest.approx((row["tokens_in"] * 100 + row["tokens_out"] * 1000) / 1e6)
    assert row["batch_in"] > 0
    sent = room(server).headers
    assert len(sent) >= 4
    assert not [each for each in sent if any("openai" in name or "stainless" in name for name in each)]
    assert {each["authorization"] for each in sent} == {f"Bearer {KEY}"}


def test_a_batch_that_may_exceed_the_cap_is_not_handed_in(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, COUNT)
    set_spending(db, "p", cap=0.05, prices=[(TEACHER, 10.0, 100.0)])
    ended = go(db)
    assert ended.state == "failed"
    assert "The cap of $0.05 is reached" in ended.error
    assert "batches may come to $" in ended.error
    assert (room(server).files, batches(db)) == ({}, [])
    set_spending(db, "p", cap=0.2)
    assert go(db).state == "done"
    assert go(db).done == COUNT
    (batch,), spent = batches(db), spending(db, "p")["money"]
    this_one = (batch.tokens_in * 10 + batch.tokens_out * 100) / 1e6 / 2
    bare(db, TEACHER, COUNT, name="second", start=COUNT)
    set_spending(db, "p", cap=spent + 0.9 * this_one)
    assert "is reached" in go(db, name="second").error, "both alone are less than the cap"
    set_spending(db, "p", cap=spent + 1.1 * this_one)
    assert go(db, name="second").message.startswith("1 batch")


def test_what_is_under_way_counts_against_the_cap_of_other_work(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, COUNT)
    bare(db, TEACHER, COUNT + 20, name="second")
    room(server).ends = ""
    set_spending(db, "p", cap=0.15, prices=[(TEACHER, 10.0, 100.0)])
    go(db)
    set_spending(db, "p", cap=0.05)
    assert "batches may come to" in go(db, batch=False, name="second").error
    assert not any(labels(db, "second").values())


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_of_a_batch_that_ended_early_the_answers_are_kept_and_the_rest_is_asked_anew(
    db: Database, server: OpenAIServer, end: str
) -> None:
    rest = {question for place, question in enumerate(f"What is {n} plus 1?" for n in range(COUNT)) if place % 2}
    room(server).ends = end
    room(server).outcome = lambda body: (
        (0, f"batch_{end}", "Not in time.") if any(q in body["messages"][-1]["content"] for q in rest) else None
    )
    bare(db, TEACHER, COUNT)
    go(db)
    room(server).ends = "completed"
    second = go(db)
    assert 0 < second.done < COUNT
    room(server).outcome = lambda _: None
    first, again = asked(server)[:ASKED], asked(server)[ASKED:]
    assert 0 < len(again) < ASKED
    assert set(again) < set(first)
    assert f"1 batch ({len(again)} requests)" in second.message
    assert go(db).done == COUNT
    assert spending(db, "p")["models"][0]["requests"] == ASKED + 1, "each was answered once"


def test_what_fails_in_every_batch_is_named_in_the_end_and_not_asked_for_ever(
    db: Database, server: OpenAIServer
) -> None:
    room(server).outcome = failing("What is 7 plus", 500, "server_error", f"no luck with {KEY}")
    bare(db, TEACHER, 10)
    states = [go(db).state for _ in range(4)]
    assert states == ["done", "done", "done", "failed"], "asked three times, as the settings say: once and two retries"
    ended = go(db)
    assert "1 got no label, all others are done: label without batches" in ended.error
    assert "7: The endpoint did not answer it: no luck with [secret]" in ended.error
    assert len(room(server).made) == 3
    assert [name for name, label in labels(db).items() if not label] == ["7"]
    assert go(db, batch=False).state == "done", "asked by itself it is answered"
    assert all(labels(db).values())


def test_what_the_endpoint_refuses_is_asked_in_no_second_batch(db: Database, server: OpenAIServer) -> None:
    room(server).outcome = failing("What is 7 plus", 400, "too_long", "too long")
    bare(db, TEACHER, 10)
    assert [go(db).state for _ in range(2)] == ["done", "failed"]
    assert len(room(server).made) == 1


def test_a_batch_that_fails_whole_says_why_and_is_not_tried_for_ever(db: Database, server: OpenAIServer) -> None:
    room(server).ends, room(server).errors = "failed", [{"code": "invalid", "message": f"Bad file of {KEY}"}]
    bare(db, TEACHER, 10)
    assert [go(db).state for _ in range(4)] == ["done", "done", "done", "failed"]
    assert {each.error for each in batches(db)} == {"Bad file of [secret]"}
    assert "Its batch failed before it was answered: Bad file of [secret]" in go(db).error
    assert len(room(server).made) == 3


def test_while_too_much_waits_at_the_endpoint_nothing_more_is_handed_in_and_nothing_is_given_up(
    db: Database, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_files, "MAX_REQUESTS", 27)
    bare(db, TEACHER, COUNT)
    room(server).ends = ""
    assert go(db).message.startswith("2 batches")
    room(server).errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}]
    for _ in range(5):
        room(server).made[-1]["ends"] = "failed"
        assert "1 batch (27 requests) is under way" in (message := go(db).message)
        assert message.endswith("It takes no more at once: the rest is handed in then.")
        assert go(db).message.startswith("2 batches")
    room(server).ends = "completed"
    ended = go(db)
    assert (ended.done, ended.error) == (COUNT, "")


def test_asking_one_by_one_waits_for_what_batches_ask(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    with pytest.raises(UserError, match=r"is under way at openai:demo-teacher\. .*it would be paid twice: .*--cancel"):
        put_label(db, "bare", project="p")


def test_a_job_that_was_queued_before_a_batch_was_handed_in_does_not_pay_for_it_again(
    db: Database, server: OpenAIServer
) -> None:
    bare(db, TEACHER, 10)
    early = put_label(db, "bare", project="p")
    job = put_label(db, "bare", project="p", batch=True)
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'cancelled' WHERE id = ?", (early.id,))
    go(db)
    assert job.id != early.id
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'queued' WHERE id = ?", (early.id,))
    assert "it would be paid twice" in work_off(db, early).error
    assert len(server.asked) == 1, "the probe"


def test_what_another_set_asks_already_is_waited_for_and_not_asked_again(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    bare(db, TEACHER, 10, name="second")
    room(server).ends = ""
    assert go(db).message == go(db, name="second").message != ""
    assert len(room(server).made) == 1
    room(server).ends = "completed"
    assert go(db, name="second").done == 10
    assert go(db).done == 10
    assert len(asked(server)) == 9


def test_ending_a_batch_that_has_just_ended_takes_its_answers_in(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    (batch,) = batches(db)
    ended = batch_requests.cancel_batch(db, batch_client_of(db, batch), batch)
    assert (ended.state, ended.collected is None) == ("completed", False)
    assert go(db).done == 10
    assert len(room(server).made) == 1


@pytest.mark.parametrize(("state", "made"), [("uploading", False), ("creating", False), ("creating", True)])
def test_a_batch_that_a_killed_worker_left_behind_can_be_ended(
    db: Database, server: OpenAIServer, state: str, made: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_requests, "SETTLE_SECONDS", 0.0)
    room(server).ends = ""
    bare(db, TEACHER, 10)
    go(db)
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE batches SET remote = '', state = ?", (state,))
    left = room(server).made if made else room(server).made.clear() or []
    (batch,) = batches(db)
    with worker_lock(db.data), pytest.raises(UserError, match="may just be handed in"):
        batch_requests.cancel_batch(db, batch_client_of(db, batch), batch)
    assert batch_requests.cancel_batch(db, batch_client_of(db, batch), batch).state == (
        "cancelling" if made else "cancelled"
    )
    assert [each["status"] for each in left] == (["cancelling"] if made else [])
    assert len(batches_of_support(db, "bare")) == (1 if made else 0)


def test_a_teacher_without_batches_is_told_in_a_sentence(db: Database, server: OpenAIServer) -> None:
    bare(db, "assets/demo/teacher", 3, project="here")
    with pytest.raises(UserError, match="runs on this machine, and batches need one behind an endpoint"):
        put_label(db, "bare", project="here", batch=True)
    bare(db, TEACHER, 3)
    server.batches = None
    ended = go(db)
    assert "has no Batch API" in ended.error
    assert batches(db) == []
    server.batches = BatchRoom()
    assert go(db).state == "done"


def test_a_batch_that_the_endpoint_forgot_can_be_given_up(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    server.batches = BatchRoom()
    ended = go(db)
    assert "has no such batch or file any more. Batch 1 cannot be collected" in ended.error
    assert not any(labels(db).values())
    (batch,) = batches_of_support(db, "bare")
    assert batch_requests.cancel_batch(db, batch_client_of(db, batch), batch).state == "cancelled"
    assert go(db).message.startswith("1 batch")
    assert go(db).done == 10


def test_one_batch_whose_answers_are_gone_does_not_hold_up_the_others(
    db: Database, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_files, "MAX_REQUESTS", 5)
    bare(db, TEACHER, 10)
    go(db)
    assert [batch_client_of(db, each).retrieve(each.remote).done for each in batches(db)] == [4, 5]
    del room(server).files["output_file_id-batch_0"]
    assert "Batch 1 cannot be collected" in go(db).error
    assert [each.collected is None for each in batches(db)] == [False, True]
    ended = batch_requests.cancel_batch(db, batch_client_of(db, batches(db)[1]), batches(db)[1])
    assert ended.collected is not None
    assert go(db).done == 5
    assert go(db).done == 10


def test_a_server_that_gives_the_key_for_a_name_is_refused(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 3)
    go(db)
    assert batch_client_of(db, batches(db)[0]).retrieve("batch_0").ended
    room(server).made[0]["output_file_id"] = KEY
    assert "gives a batch or a file no name that can be asked for" in go(db).error


def test_answers_that_are_cut_short_are_not_taken_for_the_whole(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    desk = batch_client_of(db, batches(db)[0])
    whole = desk.retrieve("batch_0")
    assert whole.done == 9
    lines = room(server).files[whole.files[0]]
    room(server).files[whole.files[0]] = b"".join(lines.splitlines(keepends=True)[:4])
    ended = go(db)
    assert "9 requests of batch 1 are answered, and gave 4. Batch 1 cannot be collected: run it again" in ended.error
    room(server).files[whole.files[0]] = lines
    assert go(db).done == 10
    assert spending(db, "p")["models"][0]["requests"] == 10
    assert len(room(server).made) == 1


def test_what_a_server_makes_up_changes_nothing(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    seen = batch_client_of(db, batches(db)[0]).retrieve("batch_0")
    extra = [b"", b"{", b"[]", b'{"custom_id": 3}', b'{"custom_id": "ab"}', b'{"custom_id": "%s"}' % (b"0" * 64)]
    room(server).files[seen.files[0]] += b"\n".join(extra) + b"\n" + room(server).files[seen.files[0]]
    assert go(db).done == 10
    assert spending(db, "p")["models"][0]["requests"] == 10
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM replies").scalar() == 10
        assert connection.exec_driver_sql("SELECT count(*) FROM batched_requests").scalar() == 0


def test_a_batch_of_a_moved_model_says_where_it_lies(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 3)
    go(db)
    (batch,) = batches(db)
    with pytest.raises(UserError, match="Batch 1 lies at http://old/v1: give openai:demo-teacher that address"):
        batch_client_of(db, replace(batch, url="http://old/v1"))


def test_the_key_lies_nowhere_though_the_server_repeats_it(db: Database, server: OpenAIServer) -> None:
    class Repeating(Quick):
        def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
            return f"Reading {KEY} and {super().reply(messages, max_tokens, temperature, seed)}"

    server.answers = Repeating()
    room(server).outcome = failing("What is 7 plus", 500, KEY, f"no luck with {KEY}")
    bare(db, TEACHER, 10)
    go(db)
    assert go(db).done == 9
    assert {label[:16] for label in labels(db).values() if label} == {"Reading [secret]"}
    files = [path for path in Path(db.data).rglob("*") if path.is_file()]
    assert "switchpoint.db-wal" in {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_what_names_no_skill_is_asked_for_once_more_in_the_next_batch(
    db: Database, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(self: Quick, messages: list[dict[str, Any]], *_: object) -> str:
        text = messages[-1]["content"]
        return "Adding numbers" if text.startswith("Name a skill") and "What is 0 plus" not in text else "Answer: B"

    monkeypatch.setattr(Quick, "reply", reply)
    bare(db, TEACHER, 20)
    go(db)
    go(db)
    ended = go(db)
    assert set(labels(db).values()) == {"Adding numbers", ""}
    assert (ended.state, "got no label" in ended.message) == ("done", True)
    paid = len(asked(server))
    go(db)
    assert len(asked(server)) == paid, "nothing is asked a third time"


def test_replies_that_are_not_whole_are_paid_once_and_not_sent_again(db: Database, server: OpenAIServer) -> None:
    server.manners.finish = "content_filter"
    bare(db, TEACHER, 10)
    set_spending(db, "p", prices=[(TEACHER, 100.0, 1000.0)])
    go(db)
    for _ in range(2):
        ended = go(db)
        assert "has its reply held back by a content filter" in ended.error
        (row,) = spending(db, "p")["models"]
        assert (row["requests"], len(room(server).made)) == (9 + 1, 1), "the questions and the probe"
    assert row["batch_out"] > 0


def test_what_an_endpoint_takes_in_another_form_only_is_handed_in_again_so(db: Database, server: OpenAIServer) -> None:
    bare(db, TEACHER, 10)
    go(db)
    server.manners.temperature_fixed = True
    go(db)
    assert ["temperature" in each["body"] for each in room(server).requests()] == [True] * 9 + [False] * 9
    assert go(db).done == 10


def test_what_the_probe_was_refused_for_is_left_out_of_a_batch(db: Database, server: OpenAIServer) -> None:
    server.manners.temperature_fixed = True
    bare(db, TEACHER, 10)
    go(db)
    assert not any("temperature" in each["body"] for each in room(server).requests())
    assert go(db).done == 10
