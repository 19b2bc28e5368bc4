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
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

_FOLDER: Path = settings.BASE_DIR / "documentation"

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
    documents, folder = _documents(), page.rpartition("/")[0]

    def link(match: re.Match[str]) -> str:
        target = f"{folder}/{match[1]}" if folder else match[1]
        target = target.removeprefix("decisions/../")
        if target not in documents:
            return match[0]
        return f'href="{reverse("document-detail", args=[target])}{match[2] or ""}"'

    html = markdown.markdown(
        path.read_text(encoding="utf-8"),
        extensions=["tables", "fenced_code", "toc"],
        # The content security policy allows no style attributes.
        extension_configs={"tables": {"use_align_attribute": True}},
        output_format="html",
    )
    # The documents are the project's own files.
    return mark_safe(_LINK.sub(link, html))  # noqa: S308
