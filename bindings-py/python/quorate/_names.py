"""How nodes and their addresses are written."""

NodeId = int | str
"""A number from 1, or its name: `"n1"`."""
Address = str | tuple[str, int]
"""`"host:port"`, or both."""


def node_id(name: str, value: object) -> int:
    """The number; `name` is the argument's."""
    if isinstance(value, str):
        digits = value.removeprefix("n")
        if digits.isascii() and digits.isdecimal():
            return node_id(name, int(digits))
        raise ValueError(f'{name}: {value!r} names no node; write a number from 1, or "n" and a number')
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an int or a str, not {type(value).__name__}")
    if not 1 <= value < 2**64:
        raise ValueError(f"{name}: {value} is no node; ids are from 1 to 2**64 - 1")
    return value


def address(name: str, value: object) -> tuple[str, int]:
    """Host and port; `name` is the argument's."""
    match value:
        case (str() as host, int() as port):
            pass
        case str():
            host, colon, digits = value.rpartition(":")
            if not colon or not digits.isdecimal():
                raise ValueError(f'{name}: {value!r} is no address; write "host:port"')
            host, port = host.removeprefix("[").removesuffix("]"), int(digits)
        case _:
            raise TypeError(f'{name}: expected "host:port" or a pair of them, not {type(value).__name__}')
    if not 0 <= port < 2**16:
        raise ValueError(f"{name}: {port} is no port")
    return host, port
