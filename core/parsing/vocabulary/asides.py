"""What a reader skips: sentences that only suppose, that add something, or that turn to the person who asked."""

# A condition, and the mood of what would follow from it: only both together suppose.
CONDITION = (
    r"(?:\bif|\bhad|\bwere|\bunless|\bwenn|\bfalls|\bwäre|\bsi|\bse|\bcaso|\bесли)\b"
    r"|如果|假如|假设|若|要是|もし|仮に|\bअगर|\bयदि|\bلو\b|\bإذا\b|만약"
)
MOOD = (
    r"\b(?:would|could|might|wäre|würde|hätte|serait|aurait|pourrait|sería|habría|tendría|seria|teria|poderia|sarebbe"
    r"|avrebbe|было бы)\b|就(?:会|會|是|应|選|选)|才(?:会|是)|会是"
    r"|[则則](?:[会會]|是|[应應]|选|選)|なら|たら|होता|होती|होते|तो|لكان|ستكون|سيكون|면"
)
# At the beginning of a sentence, or behind its verb: it adds to what was said.
ADDS = (
    r"(?:(?:^|(?<=\bis\s)|(?<=\bare\s)|(?<=\bhas\s)|(?<=\bhave\s)|(?<=\bwe\s)|(?<=\bsee\s)"
    r"|(?<=\bcan\s))also(?!\s+(?:ist|sind|wird|handelt|lautet|bleibt|kann|muss|gilt))\b"
    r"|\b(?:additionally|besides|in addition|außerdem|zudem|auch|aussi|également|en outre|también"
    r"|además|também"
    r"|além disso|anche|inoltre)\b|还有|還有|此外|另外|旁边还|また|さらに|ほかに|もあります|साथ ही|भी|أيضا|أيضًا|كذلك)"
)
# A turn to the person who asked, at the beginning of a sentence.
CHATTER = (
    r"lass(?:en sie)? (?:es )?mich|wenn (?:du|sie)|möchte(?:st|n)? (?:du|sie)|ich hoffe|gern(?:e)?\b|n['’]hésite"
    r"|souhaite[sz]|voulez-vous|j['’]espère|si (?:tu|vous|quieres|necesitas|tienes|precisar|quiser)|¿|espero|déjame"
    r"|avísame|se (?:quiser|precisar|vuoi)|quer que|gostaria|fammi|spero|希望|如果你|如果您|如有|需要我|还有什么|请告诉"
    r"|もし(?:他|ほか)|ご(?:質問|不明)|他に(?:質問|何か)|お役に|अगर आप|यदि आप|क्या आप|आशा है|إذا كان لديك|هل تريد|هل ترغب"
    r"|أتمنى|آمل"
)
