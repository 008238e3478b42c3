"""Small pieces of HTML that every tab is made of; the one door through which text from files and models passes.

``esc`` is applied to every value that is not written in this code. Knows no database and no Gradio.
"""

import html
from collections.abc import Iterable, Sequence
from datetime import datetime


def esc(value: object, limit: int = 20_000) -> str:
    """Text made safe for element content and for quoted attributes, cut to ``limit`` characters with an ellipsis."""
    text = str(value)
    if len(text) > limit:
        text = text[:limit].rstrip() + " …"
    # Half characters come in file names that are no UTF-8; no answer could carry them.
    return html.escape(text.encode("utf-8", "replace").decode().replace("\x00", "�"), quote=True)


def short(value: object, limit: int = 90) -> str:
    """One escaped line for a list: white space folded, cut to ``limit`` characters."""
    return esc(" ".join(str(value).split()), limit)


def plain(value: object, limit: int) -> str:
    """One line for plotly, which reads tags and entities but shows quotes as they are written."""
    text = " ".join(str(value).split())
    return html.escape(text if len(text) <= limit else text[:limit].rstrip() + " …", quote=False)


def empty(title: str, sentence: str, action: str = "") -> str:
    """An empty state: what is missing and the way on; ``action`` is markup (a link or a button)."""
    return f'<div class="empty"><h3>{esc(title)}</h3><p>{esc(sentence)}</p>{action}</div>'


def nav(href: str, label: str, css: str = "") -> str:
    """A link to another spot of this page; the label is escaped here, ``href`` comes from ``Place.link``."""
    return f'<a class="{css}" href="{esc(href)}" data-nav>{esc(label)}</a>'


def hint_html(hint: str) -> str:
    """A sample's hint as it stands above its question; "" where it has none."""
    return f'<p class="hint" dir="auto">{esc(hint)}</p>' if hint else ""


def lecture_html(lecture: str, css: str) -> str:
    """A sample's lecture behind a line that opens it: it is often longer than all the rest of a case."""
    if not lecture:
        return ""
    return f'<details class="{css}"><summary>Lecture</summary><p dir="auto">{esc(lecture)}</p></details>'


def command(kind: str, label: str, css: str = "button", title: str = "", *, over: str = "cmd", **data: object) -> str:
    """A button that sends a command with its data to the page's bridge, or to the desk (``over`` "desk").

    A ``data`` key that is a keyword of Python ends in "_", which is left out.
    """
    extra = "".join(f' data-{name.rstrip("_").replace("_", "-")}="{esc(value)}"' for name, value in data.items())
    hint = f' title="{esc(title)}"' if title else ""
    return f'<button type="button" class="{css}" data-{over}="{esc(kind)}"{extra}{hint}>{esc(label)}</button>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], css: str = "", caption: str = "") -> str:
    """A table; cells are markup (already escaped), heads are plain. A head that starts with "#" is right-aligned."""
    right = [name.startswith("#") for name in head]
    heads = "".join(
        f'<th scope="col"{" class=num" if is_right else ""}>{esc(name.removeprefix("#"))}</th>'
        for name, is_right in zip(head, right, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=num' if is_right else ''}>{cell}</td>" for cell, is_right in zip(row, right, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{esc(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table class="{css}">{title}<thead><tr>{heads}</tr></thead><tbody>'
        f"{body}</tbody></table></div>"
    )


def choices(name: str, label: str, options: Iterable[tuple[str, str]], chosen: str, css: str = "") -> str:
    """A labelled native select whose change rewrites the URL parameter ``name``."""
    items = "".join(
        f'<option value="{esc(value)}"{" selected" if value == chosen else ""}>{short(text, 80)}</option>'
        for value, text in options
    )
    return (
        f'<label class="pick {css}"><span>{esc(label)}</span><select data-param="{esc(name)}">{items}</select></label>'
    )


def bar(share: float, label: str = "", css: str = "") -> str:
    """A horizontal bar of ``share`` (0…1) with a text for those who do not see it."""
    width = max(0.0, min(1.0, share)) * 100
    return (
        f'<span class="bar {css}" role="img" aria-label="{esc(label or f"{width:.0f} %")}"><i '
        f'style="width:{width:.1f}%"></i></span>'
    )


def clock(moment: str) -> str:
    """An ISO time as "24 Nov 14:02", in this machine's zone; the text itself where it is no time."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%-d %b %H:%M")
    except ValueError:
        return short(moment, 20)
