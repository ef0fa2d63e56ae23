"""The Graph API client for Multi-Partner Solutions: async, typed, bounded."""

from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
from partnerhook.graph.answers import CustomerToken
from partnerhook.graph.app_answers import Permission, SubscribedField, Subscription, TokenFacts
from partnerhook.graph.asking import Patience
from partnerhook.graph.client import GRAPH_URL, Graph, SolutionPage
from partnerhook.graph.errors import (
    ActionRefused,
    GraphError,
    GraphFailed,
    GraphUnreachable,
    GraphUnreadable,
    NotFound,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
)
from partnerhook.graph.requests import Role, app_token

__all__ = [
    "GRAPH_URL",
    "ActionRefused",
    "AppReference",
    "CustomerToken",
    "Graph",
    "GraphError",
    "GraphFailed",
    "GraphReading",
    "GraphUnreachable",
    "GraphUnreadable",
    "NotFound",
    "Partner",
    "Patience",
    "Permission",
    "PermissionMissing",
    "RateLimited",
    "Role",
    "SolutionPage",
    "SubscribedField",
    "Subscription",
    "TokenFacts",
    "TokenInvalid",
    "app_token",
]
