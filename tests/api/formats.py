"""What the description cannot tell: values of its own formats, for schemathesis."""

import schemathesis
from hypothesis import strategies as st

from partnerhook.api.paging import cursor

schemathesis.openapi.format("cursor", st.integers(0, 30).map(cursor))
