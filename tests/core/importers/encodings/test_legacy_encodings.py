"""Tables in encodings older than UTF-8 are read as what they are, or refused; never as letters that nobody wrote."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.importers import read_samples
from core.importers.encodings.legacy_encodings import guess_encodings
from core.importers.read_predictions import read_predictions

TABLES = [
    ("gbk", "GB18030", "照片里有几只狗？", "两只", "三只"),
    ("gb18030", "GB18030", "这个杯子是什么颜色的？", "红色", "蓝色"),
    ("gb2312", "GB18030", "哪个数字更大？", "左边的", "右边的"),
    ("cp932", "Shift-JIS", "写真には何が写っていますか？", "電車", "バス"),
    ("shift_jis", "Shift-JIS", "ケーキはいくつありますか", "二つ", "五つ"),
    ("euc_jp", "EUC-JP", "写真には何が写っていますか？", "電車", "バス"),
    ("big5", "Big5", "照片裡有幾隻狗？", "兩隻", "三隻"),
    ("cp949", "CP949", "사진에 무엇이 있습니까?", "기차", "버스"),
    ("cp1251", "Windows-1251", "Сколько собак на снимке?", "две", "три"),
    ("koi8-r", "KOI8-R", "Какого цвета эта чашка?", "красная", "синяя"),
    ("koi8-u", "KOI8-U", "Якого кольору ця чашка на столі?", "біла", "синя"),
    ("cp866", "CP866", "Сколько собак на снимке?", "две", "три"),
    ("iso8859_5", "ISO 8859-5", "Сколько собак на снимке?", "две", "три"),
    ("mac_cyrillic", "Mac Cyrillic", "Сколько яблок на столе на снимке?", "Две", "Три"),
    ("cp1250", "Windows-1250", "Ile psów widać na zdjęciu łącznie?", "pięć", "sześć"),
    ("cp1250", "Windows-1250", "Kolik psů je na obrázku a kde leží?", "čtyři", "tři"),
    ("iso8859_2", "ISO 8859-2", "Ile psów widać na zdjęciu łącznie?", "pięć", "sześć"),
    ("cp1253", "Windows-1253", "Πόσους σκύλους βλέπεις;", "δύο", "τρεις"),
    ("cp1254", "Windows-1254", "Bu fotoğrafta kaç köpek var ışıkta mı?", "iki", "üç"),
    ("cp1255", "Windows-1255", "כמה כלבים יש בתמונה?", "שניים", "שלושה"),
    ("cp1256", "Windows-1256", "كم كلبا ترى في الصورة؟", "اثنان", "ثلاثة"),
    ("cp874", "Windows-874", "ในภาพมีสุนัขกี่ตัว", "สองตัว", "สามตัว"),
    ("cp850", "CP850", "Wie groß ist der Bär fünf oder zwölf Meter?", "groß", "größer"),
    ("mac_roman", "Mac Roman", "Wie groß ist der Bär fünf oder zwölf Meter?", "groß", "größer"),
    ("iso2022_jp", "ISO2022-JP", "写真には何が写っていますか？", "電車", "バス"),
    ("utf-32", "UTF-32", "写真には何が写っていますか？", "電車", "バス"),
]
WESTERN = [
    "Combien de chiens y a-t-il là, près de l’évier ?", "Wie groß ist der Bär da?", "¿Cuántos niños hay aquí?",
    "Quantas maçãs há na mão?", "Hvor mange blåbær ser du på brødet?", "Does it cost 5 € or £4 – “cheap”?", "Straße",
]  # fmt: skip


def table(path: Path, encoding: str, question: str, *options: str) -> Path:
    lines = ["id,question,A,B,answer", f"1,{question},{options[0]},{options[1]},A"]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize("row", TABLES)
def test_a_small_table_is_read_with_its_confidence_said(tmp_path: Path, row: tuple[str, str, str, str, str]) -> None:
    encoding, label, question, one, other = row
    read = read_samples(table(tmp_path / "t.csv", encoding, question, one, other), role="validation")
    assert [(each.question, each.options, each.answer) for each in read.samples] == [(question, (one, other), one)]
    (note,) = (each for each in read.notes if label in each)
    assert "confidence" in note or encoding in ("iso2022_jp", "utf-32")


@pytest.mark.parametrize("encoding", ["gbk", "cp932"])
def test_json_lines_are_read_too_with_the_byte_of_a_broken_line(tmp_path: Path, encoding: str) -> None:
    text = "照片里有几只狗" if encoding == "gbk" else "犬は何匹いますか"
    lines = [f'{{"id": "{at}", "question": "{text}？", "answer": "三"}}' for at in range(3)]
    (tmp_path / "t.jsonl").write_bytes("\n".join([*lines, '{"id": "x", ']).encode(encoding))
    read = read_samples(tmp_path / "t.jsonl", role="validation")
    assert [each.question for each in read.samples] == [f"{text}？"] * 3
    size = (tmp_path / "t.jsonl").stat().st_size
    assert f"byte {size:,}" in read.refused[0].reason


@pytest.mark.parametrize("text", WESTERN)
def test_western_texts_stay_windows_1252(tmp_path: Path, text: str) -> None:
    read = read_samples(table(tmp_path / "t.csv", "cp1252", f'"{text}"', "ja", "nein"), role="validation")
    assert read.samples[0].question == text
    assert any("read as Windows-1252: look whether accents are right" in note for note in read.notes)


def test_two_likely_encodings_are_refused_with_both(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id,question,answer\n1,고양,개\n".encode("cp949"))
    with pytest.raises(UserError, match=r"not UTF-8 \(byte 21\); it may be .* or .*--encoding"):
        read_samples(tmp_path / "t.csv", role="validation")
    read = read_samples(tmp_path / "t.csv", role="validation", encoding="euc-kr")
    assert read.samples[0].question == "고양"
    assert not any("UTF-8" in note for note in read.notes)


def test_a_person_overrides_what_is_found(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "gbk", "照片里有几只狗？", "两只", "三只")
    assert "ÕÕ" in read_samples(path, role="validation", encoding="latin-1").samples[0].question
    for wrong in ("klingon", "base64"):
        with pytest.raises(UserError, match=f"cannot be read as “{wrong}”, which is no encoding"):
            read_samples(path, role="validation", encoding=wrong)
    with pytest.raises(UserError, match="neither UTF-8 nor"):
        read_samples(path, role="validation", encoding="ascii")
    path.write_bytes("id,question,answer\n1,Où ?,là\n".encode("utf-16"))
    assert read_samples(path, role="validation", encoding="utf-16").samples[0].question == "Où ?"


def test_predictions_are_read_in_the_same_way(tmp_path: Path) -> None:
    known = {each.source_id: each for each in read_samples(
        table(tmp_path / "t.csv", "gbk", "照片里有几只狗？", "两只", "三只"), role="validation"
    ).samples}  # fmt: skip
    (tmp_path / "p.csv").write_bytes("id,rationale,prediction\n1,我看到两只。,两只\n".encode("gbk"))
    assert read_predictions(tmp_path / "p.csv", known).predictions[0].answer == "两只"
    (tmp_path / "p.csv").write_bytes("id,rationale,prediction\n1,Ça va.,两\n".encode())
    assert read_predictions(tmp_path / "p.csv", known, encoding="utf-8").predictions[0].text == "Ça va."


def test_utf_8_with_one_broken_character_is_no_other_encoding(tmp_path: Path) -> None:
    whole = "id,question,answer\n1,照片里有几只狗？,三只\n".encode()
    (tmp_path / "t.csv").write_bytes(whole.replace("几".encode(), "几".encode()[:2]))
    with pytest.raises(UserError, match="is UTF-8 with a broken character at byte 33"):
        read_samples(tmp_path / "t.csv", role="validation")


def test_whole_characters_on_earlier_lines_say_that_a_file_is_utf_8(tmp_path: Path) -> None:
    lines = [f"{at},照片里有几只狗？,三只".encode() for at in range(3)]
    (tmp_path / "t.csv").write_bytes(b"\n".join([b"id,question,answer", *lines, b"9,\xff?,x"]))
    with pytest.raises(UserError, match="is UTF-8 with a broken character at byte"):
        read_samples(tmp_path / "t.csv", role="validation")


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("shift_jis", "犬"), ("big5", "狗"), ("koi8-r", "пёс"), ("cp1251", "Да"), ("cp1253", "σκύλος"), ("cp1255", "כלב"),
     ("cp1256", "كلب"), ("cp874", "หมา"), ("cp1250", "źrebię"), ("cp1254", "ışık"), ("mac_roman", "Bär")],
)  # fmt: skip
def test_one_word_is_read_as_what_it_is_or_asked_about(encoding: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"id,question,answer\n1,Which?,{word}\n".encode(encoding))
    try:
        said = [each.answer for each in read_samples(tmp_path / "t.csv", role="validation").samples]
    except UserError as error:
        said = [word] if "name its encoding" in str(error) else []
    assert said == [word]


@given(
    st.text(
        st.sampled_from("的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子"),
        min_size=6,
        max_size=60,
    )
)
def test_common_chinese_is_chinese(text: str) -> None:
    best = guess_encodings(text.encode("gbk"))[0]
    assert (best.codec, best.confidence > 0.8) == ("gb18030", True)


@given(st.binary(max_size=200))
def test_any_bytes_get_guesses_that_read_them(data: bytes) -> None:
    guesses = guess_encodings(data)
    assert all(data.decode(each.codec) is not None for each in guesses)
    assert [each.confidence for each in guesses] == sorted((each.confidence for each in guesses), reverse=True)
    assert sum(each.confidence for each in guesses) <= 1 + 1e-9
