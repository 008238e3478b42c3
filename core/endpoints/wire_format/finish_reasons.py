"""Why a reply ended, in the spellings of many servers."""

import re
from typing import Literal

Ending = Literal["whole", "cut", "filtered", "refused", "tool call", "other"]

# In lower case without spaces, hyphens and underscores.
_WHOLE = (
    "stop", "eos", "eostoken", "endturn", "stopsequence", "stopstr", "stopword", "stoptoken", "end", "complete",
    "completed", "finish", "finished", "normal", "done", "endoftext",
)  # fmt: skip
_CUT = (
    "length", "maxtokens", "maxoutputtokens", "maxnewtokens", "maxcompletiontokens", "modellength", "maxlength",
    "tokenlimit", "incomplete", "contextlength", "maxcontextlength", "contextlengthexceeded",
    "modelcontextwindowexceeded", "lengthlimit", "limit",
)  # fmt: skip
_FILTERED = (
    "contentfilter", "contentfiltered", "safety", "imagesafety", "recitation", "sensitive", "blocklist",
    "prohibitedcontent", "imageprohibitedcontent", "spii", "guardrail", "guardrails", "guardrailintervened",
    "moderation", "contentpolicy", "errortoxic",
)  # fmt: skip
_ENDINGS: tuple[tuple[Ending, tuple[str, ...]], ...] = (
    ("whole", _WHOLE),
    ("cut", _CUT),
    ("filtered", _FILTERED),
    ("refused", ("refusal", "refused")),
    ("tool call", ("toolcalls", "toolcall", "functioncall", "tooluse")),
)


def read_ending(reason: object) -> Ending | None:
    """What a finish reason means; None where there is none.

    >>> read_ending("MAX_TOKENS"), read_ending("FINISH_REASON_STOP"), read_ending("load"), read_ending(None)
    ('cut', 'whole', 'other', None)
    """
    plain = re.sub(r"[\s_-]", "", str(reason or "").lower()).removeprefix("finishreason")
    if not plain:
        return None
    return next((ending for ending, known in _ENDINGS if plain in known), "other")
