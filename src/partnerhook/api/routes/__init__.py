"""One file for each kind of thing, each with a function `routes(management)` that returns its routes."""
