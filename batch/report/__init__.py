"""Records to report files: a page, two tables and a document, and a month's list for the invoice."""

from batch.report.month import MonthTotals, write_month_csv, write_month_json
from batch.report.writer import ReportPaths, write_page_alone, write_report

__all__ = ["MonthTotals", "ReportPaths", "write_month_csv", "write_month_json", "write_page_alone", "write_report"]
