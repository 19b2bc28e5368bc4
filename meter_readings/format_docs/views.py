"""Pages of the site that show the project's documents."""

from __future__ import annotations

import re
from pathlib import Path

import markdown
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from markdown.extensions.toc import slugify

_FOLDER: Path = settings.BASE_DIR / "documentation"

_HEADING_OR_TABLE = re.compile(
    r"<h[1-6][^>]*>(.*?)</h[1-6]>|<table>(.*?)</table>", re.S
)

# Anchors of headings have a prefix, because the page itself has ids, such as search.
_ANCHOR = "#section-"

# A link to a document, as documents write it: relative to their own folder.
_LINK = re.compile(r'href="([^":#]+)\.md(#[^"]*)?"')


@require_safe
@login_required
def document_list(request: HttpRequest) -> HttpResponse:
    """List the documents by title."""
    documents = [
        (page, _title(path))
        for page, path in _documents().items()
        if not page.startswith("decisions/")
    ]
    return render(request, "meter_readings/documents.html", {"documents": documents})


@require_safe
@login_required
def document_detail(request: HttpRequest, page: str) -> HttpResponse:
    """Show one document; raises Http404 for a page that is no document."""
    path = _documents().get(page)
    if path is None:
        raise Http404
    context = {"title": _title(path), "document": _html(page, path)}
    return render(request, "meter_readings/document.html", context)


def _documents() -> dict[str, Path]:
    """Return the files of the documents by their page, such as decisions/README."""
    return {
        path.relative_to(_FOLDER).with_suffix("").as_posix(): path
        for path in sorted(_FOLDER.rglob("*.md"))
    }


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("#").strip()


def _html(page: str, path: Path) -> SafeString:
    """Return a document as HTML, its links to documents as URLs of the site."""
    folder = page.rpartition("/")[0]

    def link(match: re.Match[str]) -> str:
        target = f"{folder}/{match[1]}" if folder else match[1]
        target = target.removeprefix("decisions/../")
        url = reverse("document-detail", args=[target])
        return f'href="{url}{(match[2] or "").replace("#", _ANCHOR)}"'

    html = markdown.markdown(
        path.read_text(encoding="utf-8"),
        extensions=["tables", "fenced_code", "toc"],
        # The content security policy allows no style attributes.
        extension_configs={
            "tables": {"use_align_attribute": True},
            "toc": {"slugify": _slugify},
        },
        output_format="html",
    )
    # Code that is wider than the page scrolls, also by keyboard.
    html = html.replace("<pre>", '<pre tabindex="0">')
    html = _LINK.sub(link, html.replace('href="#', f'href="{_ANCHOR}'))
    # The documents are the project's own files.
    return mark_safe(_with_captions(html))


def _slugify(heading: str, separator: str) -> str:
    return f"{_ANCHOR.removeprefix('#')}{slugify(heading, separator)}"


def _with_captions(html: str) -> str:
    """Give each table the heading above it as its caption, for screen readers.

    Wide tables scroll in a region of their own.
    """
    heading = ""

    def add_caption(match: re.Match[str]) -> str:
        nonlocal heading
        if match[2] is None:
            heading = strip_tags(match[1])
            return match[0]
        return (
            f'<div class="table" tabindex="0" role="group" aria-label="{heading}">'
            f"<table><caption>{heading}</caption>{match[2]}</table></div>"
        )

    return _HEADING_OR_TABLE.sub(add_caption, html)
