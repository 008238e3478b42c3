"""Words that announce the result of a calculation or a search, before a colon or an equals sign."""

RESULT = (
    r"(?:grand |final )?(?:total|sum|result|amount|value|date|time|code|name|price|cost)|final answer|in total"
    r"|(?:gesamt)?(?:summe|betrag|ergebnis|preis|anzahl|zahl)|insgesamt|gesamt|kosten|datum|uhrzeit"
    r"|(?:le |la )?(?:somme|résultat|montant|prix|nombre|date|heure|code)(?: totale?)?"
    r"|(?:el |la )?(?:suma|resultado|importe|monto|precio|número|fecha|hora|código)(?: total| final)?"
    r"|(?:o |a )?(?:soma|valor|preço|data|hora)(?: total| final)?|(?:il )?(?:totale|risultato|somma|prezzo)"
    r"|итого|всего|сумма|результат|合计|合計|总计|總計|总共|共计|共|结果|結果|总数|总价|計|कुल|योग|परिणाम"
    r"|(?:ال)?(?:مجموع|إجمالي|اجمالي|ناتج|نتيجة|عدد)"
)
# What stands between what is asked for and its value at the end of a sentence.
EQUALS = (
    r"=|≈|→|\b(?:is|are|was|equals?|makes?|gives?|costs?|reads?|says?|shows?|of|at|ist|sind|lautet|beträgt|kostet|um|est|sont"
    r"|coûte|vaut|soit|à|es|son|cuesta|vale|és|é|são|custa|às|è|sono|costa|равно|составляет)\b|[是为為共有]|等于|です|は"
    r"|है|हैं|هو|هي|يساوي|تساوي|يبلغ"
)
