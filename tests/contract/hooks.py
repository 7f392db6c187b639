"""What schemathesis cannot make by itself: bodies of uploads, and hosts of egress rules."""

import ipaddress

import schemathesis
from hypothesis import strategies as st


@schemathesis.serializer("application/wasm")
def component(_context, value):
    """Bytes as they are; what is no bytes is nobody's component either way."""
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "replace")


def label():
    """One label of a host name that does not begin with a digit."""
    return st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


def name():
    """A name of two labels at least."""
    return st.lists(label(), min_size=2, max_size=4).map(".".join)


def short(address):
    """An IPv6 address as it is written in short; what is embedded in one, others write otherwise."""
    return f"[{ipaddress.IPv6Address(address)}]"


schemathesis.openapi.format(
    "host-pattern",
    st.one_of(
        name(),
        name().map(lambda text: f"*.{text}"),
        st.ip_addresses(v=4).map(str),
        st.integers(min_value=1 << 112, max_value=(1 << 128) - 1).map(short),
        st.just("*"),
    ),
)
