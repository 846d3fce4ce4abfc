"""Screenshots of every page, for the documentation: `make screenshots`."""
