"""The face to people: pages that the server draws, which read well without JavaScript and follow along with it.

app         the routes of all pages, behind the question who asks
visitors    who asks: a session, a proxy that vouches, this machine
frame       what every page is drawn in; templates and their filters
forms       what every form is checked for
live        tells open pages that there is something new
words       times, states and numbers as pages say them
telling     what a solution is and waits for; story, customers, diagram and signup are parts of its page
lists       what a list shows, as its URL asks
places      paths that several pages lead to
pages/      one file for each page
"""
