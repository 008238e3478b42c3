"""Clean a student's output before it is read: thoughts, tokens of the chat template, stages and line breaks.

What does not belong to the reply is replaced by spaces, so that all offsets stay the same.

- A thought ("<think>…</think>" and like tags) is no part of the reply; one that never ends leaves no reply. Where the
  reply is only an answer, the thought holds the steps.
- Of a conversation only the first turn of the model counts: an echoed prompt and invented further turns are removed.
- In stages (LLaVA-CoT), SUMMARY, CAPTION and REASONING state no answer, and the CONCLUSION is no step.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from core.parsing.reading import Span

# GPT-3's ScienceQA rationales write a line break as the two characters "\\n"; "\\neq" and "\\nu" are LaTeX.
_ESCAPED_BREAK = re.compile(r"\\n(?![a-z])")
_TAG_BREAK = re.compile(r"<(?:br|p)\s*/?>|</(?:p|div|li)>", re.IGNORECASE)
# Cheap check: without one of these there is nothing to clean.
_MARKED = re.compile(r"[<\[◁\\]|USER:|ASSISTANT:|Assistant:|### ?[HU]|\(Here begins", re.IGNORECASE)

_NAMES = r"think|thinking|thoughts?|reasoning|reason|reflection|analysis|scratchpad|inner_?monologue|cot|seed:think"
# Openings and endings of thoughts, kind by kind; in "<x>" the name of the ending is that of the opening.
_THOUGHTS: tuple[tuple[str, str], ...] = (
    (r"◁think▷", r"◁/think▷"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|channel\|>(?:analysis|commentary)[^<]{0,40}<\|message\|>", r"<\|channel\|>final[^<]{0,40}<\|message\|>"),
    (r"<\|channel>thought", r"<channel\|>"),
    (r"<unused94>", r"<unused95>"),
)
_OPENS = re.compile(
    rf"<(?P<name>{_NAMES})(?:\s[^<>]{{0,40}})?>|"
    + "|".join(f"(?P<o{at}>{each})" for at, (each, _) in enumerate(_THOUGHTS)),
    re.IGNORECASE,
)
_CLOSES = re.compile(rf"</(?:{_NAMES})>|" + "|".join(each for _, each in _THOUGHTS), re.IGNORECASE)

_STAGE_NAMES = r"SUMMARY|CAPTION|REASONING|CONCLUSION"
_STAGE = re.compile(
    rf"<(?P<close>/?)(?P<tag>{_STAGE_NAMES})>|\(Here (?P<says>begins|ends) the (?P<stage>{_STAGE_NAMES}) stage\)",
    re.IGNORECASE,
)
_REASONING = re.compile(r"</?reasoning[^<>]*>", re.IGNORECASE)
_IS_STAGED = re.compile(rf"<CONCLUSION>|(?-i:<(?:{_STAGE_NAMES})>)|\(Here begins the", re.IGNORECASE)

_BAR = "[|｜]"
_USER = re.compile(
    r"<\|im_start\|>\s*(?:user|system)\b|<start_of_turn>\s*user\b|<\|turn>\s*user\b|<\|start_header_id\|>\s*(?:user|system)\b"
    rf"|<{_BAR}user{_BAR}>|\[INST\]|^[ \t]*(?:(?-i:USER)|\#\#\# ?(?:Human|User|Instruction))[ \t]*:"
    r"|^[ \t]*(?-i:Human|User|Utilisateur|Usuario|Usuário|Benutzer|Nutzer|Utente|用户|用戶|ユーザー"
    r"|उपयोगकर्ता|المستخدم)[ \t]*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_MODEL = re.compile(
    r"<\|im_start\|>\s*assistant\b|<start_of_turn>\s*model\b|<\|turn>\s*model\b"
    rf"|<\|start_header_id\|>\s*assistant\b|<\|start\|>\s*assistant\b|<{_BAR}assistant{_BAR}>|\[/INST\]"
    r"|(?<!\w)(?-i:ASSISTANT):|\#\#\# ?(?:Assistant|Response)[ \t]*:|\A\s*Assistant:",
    re.IGNORECASE,
)
# "<|begin_of_box|>" stays: it holds an answer as \boxed does.
_TOKENS = re.compile(
    rf"</?s>|<{_BAR}(?!(?:begin|end)_of_box\b)[^|｜<>\s]{{1,40}}{_BAR}>|<\|[a-z]{{1,20}}>|<[a-z]{{1,20}}\|>"
    r"|</?(?:end_of_turn|start_of_turn|eos|bos|pad|unk|end_of_utterance|fake_token_around_image|image|eod|eot|eoa|eoh"
    r"|output|response|solution|final|rationale|reserved_\d+|unused\d+|pad_token|endoftext)>"
    r"|\[/?INST\]|<</?SYS>>|\[(?:EOS|BOS|PAD|SEP|CLS)\]",
    re.IGNORECASE,
)
_BOX_IN_ANSWER = re.compile(r"(?<=<answer>)(\s*)<\|begin_of_box\|>|<\|end_of_box\|>(?=\s*</answer>)", re.IGNORECASE)


def clean_reply(text: str) -> str:
    """The model's own reply, with real line breaks; everything else is spaces. All offsets stay the same."""
    if not _MARKED.search(text):
        return text
    text = _ESCAPED_BREAK.sub(" \n", text)
    text = _TAG_BREAK.sub(lambda tag: "\n".rjust(len(tag[0])), text)
    text = _blank(text, _thoughts(text))
    text = _blank(text, _other_turns(text))
    for pattern in (_MODEL, _BOX_IN_ANSWER, _TOKENS):
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text


def answering_part(text: str) -> str:
    """A clean reply without the stages that state no answer; all offsets stay the same."""
    return _without_stages(text, lambda name: name != "CONCLUSION")


def reasoning_part(text: str) -> str:
    """A clean reply without its conclusion and the tags of stages; all offsets stay the same."""
    return _without_stages(text, lambda name: name == "CONCLUSION")


def thinking_part(text: str) -> str:
    """What stands inside the thoughts of a text that has a reply too, without their tags; "" where one does not end."""
    if not _MARKED.search(text) or not clean_reply(text).strip():
        return ""
    pieces = []
    for start, end in _thoughts(text):
        opens = _OPENS.match(text, start, end)
        closes = list(_CLOSES.finditer(text, start, end))
        if not closes:
            return ""
        pieces.append(text[opens.end() if opens else start : closes[-1].start()].strip())
    return "\n".join(filter(None, pieces))


def without_thoughts(text: str) -> str:
    """The text behind and between thoughts; "" where a thought does not end.

    >>> without_thoughts("<think>9 or 7?</think>\\nA")
    '\\nA'
    """
    pieces, at = [], 0
    for start, end in _thoughts(text):
        pieces.append(text[at:start])
        at = end
    return "".join((*pieces, text[at:]))


def is_thought_mark(token: str) -> bool:
    """Whether a token begins or ends a thought."""
    return bool(_OPENS.match(token) or _CLOSES.match(token))


def _thoughts(text: str) -> list[Span]:
    """The span of every thought; an ending without a beginning ends one that the prompt had begun."""
    staged = bool(_IS_STAGED.search(text))
    marks = [(mark, True) for mark in _OPENS.finditer(text)] + [(mark, False) for mark in _CLOSES.finditer(text)]
    marks = [each for each in marks if not (staged and _REASONING.fullmatch(each[0][0]))]
    spans: list[Span] = []
    at = 0
    for place, (mark, opens) in enumerate(marks := sorted(marks, key=lambda each: each[0].start())):
        if mark.start() < at:
            continue
        if opens:
            at = _end_of_thought(mark, [each for each, begins in marks[place:] if not begins], len(text))
            spans.append((mark.start(), at))
        else:
            at = mark.end()
            spans = [(0, at)]
    return spans


def _end_of_thought(opens: re.Match[str], endings: list[re.Match[str]], length: int) -> int:
    """The end of its own ending tag, else of any, else of the text."""
    if opens["name"]:
        own = rf"</{re.escape(opens['name'])}>"
    else:
        own = next(close for at, (_, close) in enumerate(_THOUGHTS) if opens[f"o{at}"])
    mine = (each.end() for each in endings if re.fullmatch(own, each[0], re.IGNORECASE))
    return next(mine, endings[0].end() if endings else length)


def _other_turns(text: str) -> Iterator[Span]:
    """An echoed prompt before the reply, and all turns behind it."""
    start, user = 0, _USER.search(text)
    if user and not _has_text(text[: user.start()]):
        reply = _MODEL.search(text, user.end())
        if not reply or not text[reply.end() :].strip():
            return  # nothing is left but this: "[INST] B [/INST]"
        start = reply.end()
        yield 0, start
        user = _USER.search(text, start)
    more = _MODEL.search(text, start)
    turns = (user, more if more and more[0].startswith("<") else None)
    if ends := [turn.start() for turn in turns if turn and _has_text(text[start : turn.start()])]:
        yield min(ends), len(text)


def _has_text(text: str) -> bool:
    return bool(_TOKENS.sub("", text).strip())


def _without_stages(text: str, is_removed: Callable[[str], bool]) -> str:
    """Without the tags of stages, and without the stages of some names."""
    if not _IS_STAGED.search(text):
        return text
    tags = list(_STAGE.finditer(text))
    spans: list[Span] = [tag.span() for tag in tags]
    for tag, after in zip(tags, [*tags[1:], None], strict=True):
        opens = tag["close"] == "" or (tag["says"] or "").lower() == "begins"
        if opens and is_removed((tag["tag"] or tag["stage"]).upper()):
            spans.append((tag.end(), after.start() if after else len(text)))
    return _blank(text, spans)


def _blank(text: str, spans: Iterable[Span]) -> str:
    """The text with spaces in place of the spans' characters; line breaks stay."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        pieces += [text[at:start], re.sub(r"[^\n]", " ", text[max(at, start) : end])]
        at = max(at, end)
    return "".join((*pieces, text[at:]))
