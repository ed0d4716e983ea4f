"""A document as data, and its writers: Word, PDF, workbook. It knows nothing of centres."""
