"""Board report, workbook and charts: one table model, several writers."""
