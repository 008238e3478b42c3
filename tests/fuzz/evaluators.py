"""Files of chats and of evaluation programs, changed anywhere inside, and texts and zips in older encodings.

``RECIPES`` has a recipe for each line of the table, as in ``tests.fuzz.recipes``.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from app.imports.report import ImportKind
from tests.fuzz.oddities import PNG, as_base64, damaged, encoded, values
from tests.fuzz.world import KNOWN, Given
from tests.workbooks import workbook

SETS: tuple[ImportKind, ...] = ("validation", "test", "support")
REPLY = "Step 1: one. Step 2: two. The answer is 16."


def chats() -> list[Any]:
    """Chats as LLaMA-Factory, ms-swift and Qwen-VL have them, and alpaca's rows."""
    parts = [{"type": "image", "image": "one.png"}, {"type": "text", "text": "What is it?"}]
    answer = {"role": "assistant", "content": "a cup"}
    return [
        {"messages": [{"role": "user", "content": "<image>What is it?"}, answer], "images": ["one.png"]},
        {"id": "2", "messages": [{"role": "system", "content": "."}, {"role": "user", "content": parts}, answer]},
        {"conversations": [{"from": "user", "value": "Picture 1: <img>one.png</img>\nWhat is it?"},
                           {"from": "assistant", "value": "a cup"}]},
        {"id": 2, "messages": [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "two"}]},
    ]  # fmt: skip


def alpaca() -> list[Any]:
    row = {"instruction": "Name it.", "input": "A thing to drink from.", "output": "a cup"}
    return [row, {**row, "input": "", "history": [["Hello", "Hi"]]}, {**row, "images": ["one.png"], "system": "."}]


def harness() -> list[Any]:
    """Samples of lm-evaluation-harness and lmms-eval."""
    return [
        {"doc_id": n, "doc": dict(known), "target": known["answer"], "arguments": [["?", {"until": ["."]}]],
         "resps": [[REPLY]], "filtered_resps": [REPLY], "exact_match": 0.0}
        for n, known in enumerate(KNOWN)
    ]  # fmt: skip


def inspected() -> Any:
    return {"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [
        {"id": known["id"], "epoch": 1, "target": known["answer"], "input": [{"role": "user", "content": [
            {"type": "text", "text": known["question"]}, {"type": "image", "image": "data:"}]}],
         "output": {"choices": [{"message": {"role": "assistant", "content": [
             {"type": "reasoning", "reasoning": "?"}, {"type": "text", "text": REPLY}]}}]}}
        for known in KNOWN
    ]}  # fmt: skip


def helm() -> Any:
    return {"adapter_spec": {}, "request_states": [
        {"instance": {"id": known["id"], "input": {"text": known["question"]},
                      "references": [{"output": {"text": known["answer"]}, "tags": ["correct"]}]},
         "result": {"completions": [{"text": REPLY}]}}
        for known in KNOWN
    ]}  # fmt: skip


def judged() -> list[Any]:
    """LLaVA's answer files, POPE's and VLMEvalKit's rows, each of which carries the truth, too."""
    first, second, third = KNOWN[:3]
    return [
        {"question_id": first["id"], "prompt": first["question"], "text": REPLY, "answer_id": "x", "metadata": {}},
        {"id": second["id"], "question": second["question"], "answer": second["answer"], "model_output": REPLY},
        {"index": third["id"], "question": third["question"], "answer": third["answer"], "prediction": REPLY,
         "hit": 1, "log": "Failed to parse"},
    ]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


@st.composite
def changed_inside(draw: st.DrawFn, value: Any) -> Any:
    """The value with up to three inner ones replaced or removed."""
    found = copied(value)
    for _ in range(draw(st.integers(0, 3))):
        paths = list(places(found))
        if not paths:
            break
        *above, last = paths[draw(st.integers(0, len(paths) - 1))]
        holder = found
        for key in above:
            holder = holder[key]
        if draw(st.integers(0, 3)) == 0:
            del holder[last]
        else:
            holder[last] = copied(draw(values))
    return found


def copied(value: Any) -> Any:
    """A copy that can be changed; deeper than ``copy.deepcopy`` can go."""
    return json.loads(json.dumps(value))


@st.composite
def inside(draw: st.DrawFn, kind: str, made: Callable[[], Any], what: ImportKind | None = None) -> Given:
    found = draw(changed_inside(made()))
    lines = isinstance(found, list) and draw(st.booleans())
    text = "\n".join(map(json.dumps, found)) if lines else json.dumps(found, indent=draw(st.sampled_from((None, 2))))
    content = text.encode()
    if draw(st.integers(0, 4)) == 0:
        content = draw(damaged(content))
    name = "set.jsonl" if lines else "set.json"
    return Given(kind=kind, files={name: content, "one.png": PNG}, path=name, what=what or draw(st.sampled_from(SETS)))


@st.composite
def archived_logs(draw: st.DrawFn) -> Given:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        if draw(st.integers(0, 5)):
            archive.writestr("header.json", "{}")
        for n, sample in enumerate(inspected()["samples"]):
            archive.writestr(f"samples/{n}_epoch_1.json", json.dumps(draw(changed_inside(sample))))
        archive.writestr(draw(st.sampled_from(("summaries.json", "samples/x/y.json", "samples/../a.json"))), "[]")
    content = written.getvalue()
    content = draw(damaged(content)) if draw(st.booleans()) else content
    return Given(kind="inspect's zip", files={"log.eval": content}, path="log.eval", what="predictions")


WORDS = {
    "gb18030": "图中有几只猫？颜色是什么？红色蓝色", "shift_jis": "写真には何匹の猫がいますか？赤い色です",
    "big5": "圖中有幾隻貓？顏色是什麼？",
    "euc-kr": "그림에 고양이가 몇 마리 있습니까?", "cp1252": "Où est la fenêtre la plus près de l’élève ? Déjà là.",
    "cp1251": "Сколько кошек на картинке? Красный цвет", "utf-8": "图中有几只猫？赤い色",
}  # fmt: skip


@st.composite
def legacy_texts(draw: st.DrawFn) -> Given:
    """Tables whose words are in an older encoding, named by the user or not."""
    encoding = draw(st.sampled_from(sorted(WORDS)))
    words = WORDS[encoding]
    cell = st.integers(1, len(words)).map(lambda n: words[:n])
    rows = [{"question": f"{draw(cell)} {n}", "answer": draw(cell)} for n in range(draw(st.integers(1, 6)))]
    lines = draw(st.booleans())
    text = (
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        if lines
        else "question,answer\n" + "\n".join(f"{row['question']},{row['answer']}" for row in rows)
    )
    content = encoded(text, encoding)
    content = draw(damaged(content)) if draw(st.integers(0, 3)) == 0 else content
    named = draw(st.sampled_from(("", "", "", encoding, "shift_jis", "utf-8", "latin-1", "no such")))
    name = "set.jsonl" if lines else "set.csv"
    more = {"encoding": named} if named else {}
    return Given(kind="older encodings", files={name: content}, path=name, what=draw(st.sampled_from(SETS)), more=more)


@st.composite
def foreign_zips(draw: st.DrawFn) -> Given:
    """Zips as Windows and macOS pack them: names without the UTF-8 flag, back slashes, resource forks."""
    stem, encoding = draw(
        st.sampled_from((("图片", "gbk"), ("写真", "shift_jis"), ("café", "cp437"), ("cafe\u0301", "utf-8")))
    )
    asked = draw(st.sampled_from((f"{stem}/one.png", "one.png", f"images/{stem}.png", "café/one.png")))
    row = {"question": "What is it?", "answer": "a cup", "image": asked}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("data/set.jsonl", json.dumps(row, ensure_ascii=False))
        for n, name in enumerate((f"data/{stem}/one.png", f"data/images/{stem}.png", "__MACOSX/data/._one.png")):
            place = f"{n}" + "x" * (len(name.encode(encoding)) - 1)  # renamed below, byte for byte
            archive.writestr(place, PNG if n < 2 else b"\0\5\x16\7")
    content = written.getvalue()
    for n, name in enumerate((f"data/{stem}/one.png", f"data/images/{stem}.png", "__MACOSX/data/._one.png")):
        raw = name.encode(encoding)
        content = content.replace(f"{n}".encode() + b"x" * (len(raw) - 1), raw)
    content = draw(damaged(content)) if draw(st.integers(0, 2)) == 0 else content
    return Given(kind="foreign zips", files={"set.zip": content}, path="set.zip", what=draw(st.sampled_from(SETS)))


@st.composite
def workbooks(draw: st.DrawFn) -> Given:
    """What VLMEvalKit writes, with odd cells."""
    head = ["index", "question", "A", "B", "answer", "category"]
    rows: list[list[Any]] = [head, [1, "Which?", "cat", "dog", "A", "x"], [2, "And this?", "cow", "fox", "B", "y"]]
    for _ in range(draw(st.integers(0, 3))):
        row = rows[draw(st.integers(0, 2))]
        odd = draw(
            st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"))
        )
        row[draw(st.integers(0, 5))] = draw(st.sampled_from(("", 7, 1.5, "A", odd)))
    content = workbook({"s": rows, "more": [("a",)]} if draw(st.booleans()) else {"s": rows})
    content = draw(damaged(content)) if draw(st.booleans()) else content
    return Given(kind="Excel", files={"set.xlsx": content}, path="set.xlsx", what=draw(st.sampled_from(SETS)))


@st.composite
def tagged(draw: st.DrawFn) -> Given:
    """Questions with image tags of many spellings, and images under many keys."""
    tags = (
        "<image>",
        "<image 1>",
        "<img>one.png</img>",
        "<|image_1|>",
        "![](one.png)",
        "<img src='one.png'>",
        "",
        "[img]",
    )
    keys = ("image", "images", "image_path", "img", "picture", "image_url", "file_name", "image_1")
    cells: tuple[Any, ...] = (
        "one.png",
        ["one.png"],
        {"url": "one.png"},
        as_base64(PNG),
        "gone.png",
        "",
        None,
        ["a.png", "b.png"],
    )
    asked = " ".join(draw(st.lists(st.sampled_from((*tags, "What is it?", "\n")), min_size=1, max_size=5)))
    row = {"question": asked, "answer": "a cup"}
    row |= {draw(st.sampled_from(keys)): draw(st.sampled_from(cells) | values) for _ in range(draw(st.integers(0, 2)))}
    files = {"set.json": json.dumps([row, {"question": "How many?", "answer": "2"}]).encode(), "one.png": PNG}
    return Given(kind="image tags", files=files, path="set.json", what=draw(st.sampled_from(SETS)))


RECIPES: dict[str, st.SearchStrategy[Given]] = {
    "chats": inside("chats", chats),
    "alpaca": inside("alpaca", alpaca),
    "harness samples": inside("harness samples", harness, "predictions"),
    "inspect logs": inside("inspect logs", inspected, "predictions"),
    "inspect's zip": archived_logs(),
    "HELM": inside("HELM", helm, "predictions"),
    "answers of evaluators": inside("answers of evaluators", judged, "predictions"),
    "older encodings": legacy_texts(),
    "foreign zips": foreign_zips(),
    "image tags": tagged(),
    "Excel": workbooks(),
}
