"""The benchmark: `make bench`. Everything is measured against real processes over real sockets, pinned to cores."""
