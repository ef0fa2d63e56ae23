"""One use case per file, named by its verb. Faces call these; these call the store and the core."""
