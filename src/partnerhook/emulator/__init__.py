"""Meta in a box: both sides of a solution, the Graph API, and the sender of webhooks. For development and tests."""
