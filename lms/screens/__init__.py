"""Pictures of every page, made by a script so that the documents never show an old one: `make screenshots`."""
