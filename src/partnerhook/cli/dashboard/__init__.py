"""`partnerhook dashboard ...`: what only Meta's dashboard can do, against an emulator that runs elsewhere.

`at` finds the emulator and what is in it, `tables` says how that looks; the commands are in `solutions`,
`apps` and `post`.
"""

from __future__ import annotations

from cyclopts import App

from partnerhook.cli.dashboard import apps, post, solutions

app = App(
    name="dashboard",
    help="""What only Meta's dashboard can do, against the emulator that `partnerhook emulate` runs.

    Drafts, renames, the Test button, publishing; and what an emulator can besides: customers, the clock, chaos.
    An app is named by its id or its name, a solution too. Every change sends the webhooks that Meta would send.

    Example: `partnerhook dashboard create 'Our solution'`
    """,
)

app.command(solutions.show)
app.command(solutions.save_draft)
app.command(solutions.create)
app.command(solutions.send)
app.command(solutions.rename)
app.command(solutions.accept)
app.command(solutions.reject)
app.command(solutions.request_deactivation)
app.command(solutions.accept_deactivation)
app.command(solutions.reject_deactivation)
app.command(apps.publish)
app.command(apps.unpublish)
app.command(apps.press_test, name="test")
app.command(apps.add_app)
app.command(apps.onboard)
app.command(apps.offboard)
app.command(post.clock)
app.command(post.settle)
app.command(post.chaos)
app.command(post.rules)
app.command(post.deliveries)
