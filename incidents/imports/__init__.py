"""Importing audit logs from files: reading them whatever their form, and storing what is new."""
