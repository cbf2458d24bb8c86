"""Log rows as files: CSV and Excel, safe to open whatever they contain."""
