"""One file an area: short routes that fetch, call a service and render."""
