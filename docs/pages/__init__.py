"""One module per generated page, each with a function `page`; the prose stands beside what it describes."""
