"""One file for each page, each with a function `routes(frame)`."""
