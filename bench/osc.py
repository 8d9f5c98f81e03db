"""Open Sound Control as a file of bundles: what scsynth -N plays."""
import struct


def osc_message(address, *args):
    pad = lambda b: b + b"\0" * (4 - len(b) % 4)
    tags, body = ",", b""
    for a in args:
        if isinstance(a, bytes):
            tags, body = tags + "b", body + struct.pack(">i", len(a)) + a + b"\0" * (-len(a) % 4)
        elif isinstance(a, str):
            tags, body = tags + "s", body + pad(a.encode())
        elif isinstance(a, int):
            tags, body = tags + "i", body + struct.pack(">i", a)
        else:
            tags, body = tags + "f", body + struct.pack(">f", a)
    return pad(address.encode()) + pad(tags.encode()) + body


def osc_bundle(seconds, *messages):
    d = b"#bundle\0" + struct.pack(">II", int(seconds), int((seconds % 1) * 2 ** 32))
    d += b"".join(struct.pack(">i", len(m)) + m for m in messages)
    return struct.pack(">i", len(d)) + d
