"""For other people's tests: Meta in a box, and requests signed as Meta signs them. Works with any web framework.

    def test_my_receiver(meta_in_a_box, my_server):
        meta_in_a_box.subscribe("owner", f"{my_server}/webhook", verify_token="my token")
        solution = meta_in_a_box.create("Our solution")
        meta_in_a_box.act(solution, "accept")

        assert [one.status for one in meta_in_a_box.deliver()] == [200, 200]

The pytest plugin has two fixtures, `meta_in_a_box` and `meta_webhook`; without pytest, use
`MetaInABox` as a context manager and `signed_webhook` as a function.
"""

from partnerhook.testing.box import Delivery, EmulatedApp, MetaInABox
from partnerhook.testing.webhooks import SignedWebhook, signed_webhook

__all__ = ["Delivery", "EmulatedApp", "MetaInABox", "SignedWebhook", "signed_webhook"]
