"""What ours is compared with, each an ASGI application; `python -m bench.apps NAME PORT` serves one."""
