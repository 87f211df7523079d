"""Who works at the console, and their logins."""
