"""The page at / of the emulator: both parties side by side, a button for everything that each may do.

`page` answers requests, `origin` says who may send a form, `deeds` does what a form asks for, `shown` gathers
what there is to see and `words` puts it plainly. It works without JavaScript; page.js only keeps it fresh.
"""
