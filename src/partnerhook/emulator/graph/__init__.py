"""The Graph API of the box: nodes, edges and errors, as clients see them over HTTP."""
