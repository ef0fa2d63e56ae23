"""The ASGI face to Meta: plain ASGI on uvicorn, no framework on this path."""
