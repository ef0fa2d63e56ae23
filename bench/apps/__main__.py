"""Serve one of the applications with uvicorn as `partnerhook serve` sets it up: uvloop, httptools, no access log."""

from __future__ import annotations

import importlib
import sys

import uvicorn
import uvloop


def main() -> None:
    """`python -m bench.apps bare|pywa_webhook|usual PORT`."""
    name, port = sys.argv[1:]
    config = uvicorn.Config(
        importlib.import_module(f"bench.apps.{name}").app,
        host="127.0.0.1",
        port=int(port),
        http="httptools",
        ws="none",
        lifespan="auto",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2_048,
        timeout_keep_alive=75,
    )
    uvloop.run(uvicorn.Server(config).serve())


main()
