#!/usr/bin/env python3
"""halfband.py - the all-pass half-band filters of vm/structure/kernels.h.

Two chains of first-order all-passes, each at the lower rate, in parallel:
    A(z) = prod (a + z^-1)/(1 + a z^-1)
An elliptic half-band: R. A. Valenzuela, A. G. Constantinides, "Digital signal processing schemes
for efficient interpolation and decimation", IEE Proc. G 130 (6), 1983. Prints the coefficients,
the stop-band, the pass-band's ripple and the group delay.
"""
import cmath
import math


def coefficients(count, transition):
    """transition: from the pass-band's end to a quarter of the higher rate, as a share of it."""
    k = math.tan((1 - transition * 2) * math.pi / 4) ** 2
    root = (1 - k * k) ** 0.25
    e = 0.5 * (1 - root) / (1 + root)
    q = e * (1 + e**4 * (2 + e**4 * (15 + 150 * e**4)))
    order = 2 * count + 1
    result = []
    for c in range(1, count + 1):
        num = sum((-1) ** i * q ** (i * (i + 1)) * math.sin((2 * i + 1) * c * math.pi / order) for i in range(20))
        den = 0.5 + sum((-1) ** i * q ** (i * i) * math.cos(2 * i * c * math.pi / order) for i in range(1, 20))
        w = num * q**0.25 / den
        x = math.sqrt((1 - w * w * k) * (1 - w * w / k)) / (1 + w * w)
        result.append((1 - x) / (1 + x))
    return result


def response(a, f):
    """At f of the higher rate."""
    z2 = cmath.exp(-4j * math.pi * f)
    even = odd = 1
    for i, c in enumerate(a):
        h = (c + z2) / (1 + c * z2)
        if i % 2 == 0:
            even *= h
        else:
            odd *= h
    return 0.5 * (even + cmath.exp(-2j * math.pi * f) * odd)


def report(count, transition):
    a = coefficients(count, transition)
    edge = 0.25 - transition
    stop = max(abs(response(a, 0.25 + transition + i * edge / 4000)) for i in range(4000))
    ripple = min(abs(response(a, i * edge / 4000)) for i in range(4000))
    h = 1e-5
    delay = -(cmath.phase(response(a, h)) - cmath.phase(response(a, 0))) / (2 * math.pi * h)
    delay_edge = -(cmath.phase(response(a, edge) / response(a, edge - h))) / (2 * math.pi * h)
    print(f"/* {count} coefficients, pass-band to {edge:.4f} of the higher rate: stop-band "
          f"{20 * math.log10(stop):.1f} dB, ripple {20 * math.log10(ripple):.1e} dB,")
    print(f"   group delay {delay:.2f} frames of the higher rate at 0, {delay_edge:.1f} at the edge */")
    print(", ".join(f"{c:.9g}f" for c in a))


if __name__ == "__main__":
    for count in (6, 8, 10, 12):
        for edge in (20000, 21000, 22000):
            report(count, 0.25 - edge / 96000)
