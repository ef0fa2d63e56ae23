"""Where notices go: one kind of destination per file, each behind `Sink`, each passing the same conformance kit."""
