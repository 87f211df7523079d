"""People's data: files checked, imported and taken back; a unit's report."""
