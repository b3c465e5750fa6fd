"""A preview as a file, for programs, spreadsheets, browsers and calendars; and evidence as a page."""

from engine.exports.calendars import preview_ics
from engine.exports.evidence import evidence_html
from engine.exports.page import preview_html
from engine.exports.values import preview_csv, preview_value
from engine.exports.workbook import preview_xlsx

__all__ = ["evidence_html", "preview_csv", "preview_html", "preview_ics", "preview_value", "preview_xlsx"]
