"""Lists the solutions to which an app was invited. Needs APP_ID, APP_SECRET and ACCESS_TOKEN in the environment."""

import asyncio
import os

from partnerhook.graph import GRAPH_URL, Graph, Role


async def list_invitations(app_id: str, app_secret: str, access_token: str, url: str = GRAPH_URL) -> None:
    """All pages of them."""
    async with Graph(access_token, app_secret=app_secret, url=url) as graph:
        async for page in graph.solution_pages(app_id, Role.PARTNER):
            for one in page.readings:
                print(one.solution_id, one.name, one.status, one.pending)


if __name__ == "__main__":
    environment = os.environ
    asyncio.run(
        list_invitations(
            environment["APP_ID"],
            environment["APP_SECRET"],
            environment["ACCESS_TOKEN"],
            environment.get("GRAPH_URL", GRAPH_URL),
        )
    )
