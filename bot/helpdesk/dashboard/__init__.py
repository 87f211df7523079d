"""How the service does: figures over a period, the rows behind each, tables for screen and CSV."""
