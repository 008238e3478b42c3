"""What replies say that name no skill: answers, statements, refusals and words for nothing, in many languages.

Statements of an answer in other languages are those of ``core.parsing.statements``.
"""

import re

from core.parsing.languages import LABEL_WORDS

_ANSWER_WORDS = r"(?:answer|option|choice|solution|response|result)s?"
_LEAD = r"(?:(?:so|thus|hence|therefore|then|and|yes|no|well|ok(?:ay)?|sure|step \d+)\b[\s,:.!]*)*"
_JUDGED = r"(?:(?:most )?(?:correct|right|final|best|true|wrong|first wrong|likely) )?"
_BE = r"(?:is|are|was|were|must be|should be|would be|will be|has to be)"
_LETTER = r"[(\[]?(?-i:[A-Z])[)\].:,]?"

# The name that a reply gives to what was asked for, up to the skill itself: "Missing skill:", "The skill needed is".
LABEL = re.compile(
    r"\A[\s*_#\"'“]*(?:"
    r"(?:(?:the|your|a|one)\s+)?(?:(?:missing|required|needed|necessary|lacking|key|main|general)[\s_]+)*(?:skills?"
    r"|skill[\s_]name)(?:\s+(?:that\s+(?:is|are)\s+)?(?:missing|needed|required|lacking|involved|tested|here|to name))*"
    r"(?:\s*[*_\"']*\s*(?:[:\uff1a]|\s[-–—]\s)|\s+(?:is|are|would be)\b\s*:?)"
    r"|(?:[^\W\d_]+\s+){0,2}(?:fähigkeit(?:en)?|kompetenz(?:en)?|compétences?|habilidad(?:es)?|habilidades?|competenz[ae]"
    r"|capacità|vaardighe(?:id|den)|навыки?|умени[ея]|مهارة|المهارة|कौशल)(?:\s+[^\W\d_]+){0,2}\s*[:\uff1a]"
    r"|[^\W\d_]{0,6}(?:技能|能力|スキル|기술|능력)\s*[:\uff1a]"
    r")[\s*_\"'“]*",
    re.IGNORECASE,
)
# Each is matched at the start of a phrase without its closing punctuation.
_STATEMENTS = (
    (
        rf"{_LEAD}(?:the |my |its |your )?{_JUDGED}(?:{_ANSWER_WORDS}|step)"
        rf"(?: (?:to|for|of|in) .{{1,80}}?)?(?: here)?(?:\s+{_BE}\b|\s*[=:(])"
    ),
    rf"{_LEAD}(?:{_ANSWER_WORDS}\s*)?[(\[]?[A-Z][)\].:]?(?:\s+{_BE}\b.*)?$",
    rf"{_LEAD}{_LETTER}\s+(?:because|since|as|due to)\b",
    r"(?:the )?(?:correct|right|best|final)\s*:",
    r"step \d+\b",
    rf"{_LEAD}(?:this|that) {_BE} (?:[(\[]?[A-Z][)\]]?$|option\b|answer\b)",
    (
        rf"(?!.*\b(?:which|when|what|whether|why|how|if)\b).*\b{_BE} (?:the )?(?:correct|right|wrong|true|false)"
        rf"(?: {_ANSWER_WORDS})?$"
    ),
    rf".*\b{_BE} the {_ANSWER_WORDS}$",
    # Sentences about what is shown or done, where a skill would be a noun: "The left digit is 9", "We add five".
    rf"{_LEAD}(?:I|we|he|she|they|you|(?-i:It|it))(?:['’](?:m|ve|d|ll|re|s))?\s",
    rf"{_LEAD}there {_BE}\b",
    (
        rf"{_LEAD}(?:the|this|that|these|those|each|all) (?!abilit|skill|knowledge|capacity|understanding)"
        rf"(?:[\w'-]+ ){{1,3}}(?:{_BE}|has|have|equals)\b"
    ),
    (
        rf"{_LEAD}(?:the|this) (?:question|problem|task|text|image|picture|step)s? "
        r"(?:asks?|shows?|says?|states?|requires?)\b"
    ),
    rf"{_LEAD}(?:let me|let['’]?s|let us|first,? (?:i|we|let)|here (?:is|are)|here['’]s)\b",
    r".*[?\uff1f]$",
    # Other languages, where a letter follows
    rf".*(?:{LABEL_WORDS}|risposta|ответ)(?:\W+[^\W\d_]+)?\W+(?-i:[A-Z])[)\].]?$",
    r"(?:c['’]est|es la|es el|é a|è la|das ist|dann)\s+(?:la\s+)?[(\[]?(?-i:[A-Z])[)\].]?$",
    r"(?:应?选|故选|選)\s*[A-Z]|[A-Z]\s*(?:选项|選項|项)",
)
# Each is the start of a refusal, or of a remark that nothing can be said.
_REFUSALS = (
    r"(?:(?:i['’]?m|i am|we are) )?(?:very )?sorry\b(?!-)|unfortunately\b|apologies\b|as an ai\b|my apologies\b",
    (
        r"(?:not sure|unsure|uncertain|unable to|cannot|can ?not|can['’]?t|impossible|it is (?:im|not )possible"
        r"|not possible|insufficient|not enough|hard to (?:say|tell)|difficult to (?:say|tell))\b"
    ),
    (
        r"(?:es )?tut mir leid|entschuldigung|leider|(?:je (?:suis )?)?(?:désolée?|regrette)|lo siento|lamento|desculp"
        r"|sinto muito|mi dispiace|spiacente|извините|простите|к сожалению|抱歉|很抱歉|对不起|對不起|非常抱歉"
        r"|申し訳|すみません|죄송|عذر|آسف|क्षमा|माफ"
    ),
    (
        r"ich weiß (?:es )?nicht|je ne sais|no (?:lo )?sé\b|não sei\b|non (?:lo )?so\b|не знаю|как ии\b|我不知道"
        r"|我不能|无法|作为(?:一个)?\s?AI|分かりません|わかりません|모르|لا أعرف|पता नहीं"
    ),
    (
        r"(?:error|exception|failure)\s*:|content (?:policy|filter)\w* \w+$"
        r"|requests? (?:was |is )?(?:blocked|refused|rejected)"
    ),
)
_NOTHING = (
    (
        r"(?:unnamed|unknown|missing|no|none|the|a|an|required|needed|insert|your|some|one)?\s*"
        r"(?:missing |required |needed )?skills?(?:[ _]name)?(?: named| missing| needed| required| here| phrase)*"
    ),
    (
        r"(?:no|none|nothing)(?:\s+(?:missing|particular|specific|special|additional|other|further|more|skills?|errors?"
        r"|mistakes?|problems?|idea|of|is|are|was|were|needed|required|found|applicable|identified|wrong|lacking|given|stated)"
        r"\b.*)?"
    ),
    (
        r"missing|(?:short )?phrase|unknown|unclear|n[./]?a\.?(?: .*)?|null|nil|nan|unk|undefined|unspecified|tbd"
        r"|to ?do|yes|true|false|not (?:applicable|available|specified|known|given|stated|provided)(?: here)?|correct"
        r"|incorrect|right|wrong|error|sure|okay|so|thinking|string|text|example"
        r"|placeholder|answer|option|choice|step|question|lorem ipsum.*"
        r"|x{3,}"
    ),
    (
        r"keine?|nichts|unbekannt|unklar|aucune?|rien|inconnue?|ningun[ao]?|nada|desconocid[ao]|nenhum(?:a)?"
        r"|desconhecid[ao]|nessun[ao]?|niente|sconosciut[ao]|geen|niets|onbekend|нет|ничего|неизвестно|неизвестен"
    ),
    (
        r"无|無|没有|沒有|不知道|未知|不明|暂无|无技能|なし|ありません|わかりません|分かりません|없음|모름"
        r"|لا شيء|لا يوجد|غير معروف|कोई नहीं|अज्ञात"
    ),
)
_STATES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (*_STATEMENTS, *_REFUSALS))
_IS_NOTHING = re.compile("|".join(f"(?:{each})" for each in _NOTHING), re.IGNORECASE)


def says_no_skill(phrase: str) -> bool:
    """Whether a clean phrase states something or refuses, or is a word for nothing, whatever the question was.

    >>> says_no_skill("The correct answer is E"), says_no_skill("没有"), says_no_skill("no-carry subtraction")
    (True, True, False)
    """
    return _IS_NOTHING.fullmatch(phrase) is not None or any(each.match(phrase) for each in _STATES)
