#!/usr/bin/python3
"""Designs the polynomials of vm/blep.h and vm/math.h, and measures the ones that stand there.

  docs/blep.py           print every coefficient and what it achieves
  docs/blep.py --check   read vm/blep.h instead and print the response of its coefficients

The C files are the definition: a renderer's bits come from the nine digits written there, not
from a rerun of this script (a linear programme may end in another last digit elsewhere).

The band-limited step.  h(t), |t| <= H frames, is an even polynomial
    h(Hu) = (1 - u^2)^M sum_j a_j T_2j(u),    degree 2N in u,
whose spectrum G(f) = integral of h(t) cos(2 pi f t / sr) dt is linear in the a_j, so that the
best one is a linear programme:
    minimise  max |G(f)| (28 kHz / f)^SLOPE   over f >= 28 kHz that fold below 20 kHz
    with      |G(f) - 1| <= EPS               up to F_PASS,   G(0) = 1.
With SLOPE 1, the 1/f of a saw's harmonics, every alias below 20 kHz is equally loud; a little less
puts the loudest next to 20 kHz. H and N were chosen so that a saw and a pulse stay ahead of band-limited
tables read with linear interpolation at every note of docs/quality.md, with 3 dB to spare.
"""
import os
import re
import sys

import numpy as np
from scipy.optimize import linprog

SR = 48000.0
H, N, M, F_PASS, EPS = 7.0, 15, 2, 16e3, 0.0175
F_STOP, F_HEARD, SLOPE = 28e3, 20e3, 0.7
CHEB, POLY = np.polynomial.chebyshev, np.polynomial.polynomial


def kernel_response(h, f, nodes=700):
    """G(f) for functions h(u) given as rows sampled at Gauss-Legendre nodes."""
    u, w = np.polynomial.legendre.leggauss(nodes)
    return np.cos(np.outer(2 * np.pi * np.asarray(f) * H / SR, u)) @ (np.atleast_2d(h(u)) * w).T * H


def stop_grid():
    edges = [(F_STOP, SR + F_HEARD, 400)]
    edges += [(k * SR - F_HEARD, k * SR + F_HEARD, 150) for k in range(2, 13)]
    return np.concatenate([np.linspace(*e) for e in edges])


def design_kernel():
    """Power-basis coefficients in u of h(Hu)."""
    nb = N - M + 1
    window = POLY.polypow([1.0, 0.0, -1.0], M)
    rows = [POLY.polymul(window, CHEB.cheb2poly([0.0] * 2 * j + [1.0])) for j in range(nb)]
    basis = lambda u: np.array([POLY.polyval(u, r) for r in rows])
    fs, fp, ft = stop_grid(), np.linspace(0, F_PASS, 120), np.linspace(F_PASS, F_STOP, 60)
    ms = 3e3 * kernel_response(basis, fs) * ((F_STOP / fs) ** SLOPE)[:, None]
    mp, mt = kernel_response(basis, fp), kernel_response(basis, ft)
    col = lambda m, v: np.hstack([m, np.full((len(m), 1), v)])
    a = np.vstack([col(ms, -1.0), col(-ms, -1.0), col(mp, 0.0), col(-mp, 0.0), col(mt, 0.0)])
    b = np.r_[np.zeros(2 * len(fs)), np.full(len(fp), 1 + EPS), np.full(len(fp), EPS - 1), np.full(len(ft), 1 + EPS)]
    r = linprog(np.r_[np.zeros(nb), 1.0], A_ub=a, b_ub=b, A_eq=col(kernel_response(basis, [0.0]), 0.0), b_eq=[1.0],
                bounds=[(None, None)] * (nb + 1), method="highs")
    assert r.status == 0, r.message
    return sum(x * np.pad(row, (0, 2 * N + 1 - len(row))) for x, row in zip(r.x, rows))


def even_to_v(p):
    """Even polynomial in u (power basis) as a polynomial in v = 2u^2 - 1."""
    w = np.zeros(1)
    for c in p[::2][::-1]:  # Horner in u^2 = (v + 1)/2
        w = POLY.polyadd(POLY.polymul(w, [0.5, 0.5]), [c])
    return w


def f32(x):
    return np.asarray(x, dtype=np.float32)


def horner32(c, v):
    y = np.float32(c[-1])
    for k in c[-2::-1]:
        y = np.float32(np.float32(y * np.float32(v)) + np.float32(k))
    return y


def force_end(c, want):
    """Round to single; move the last term so that Horner in single gives exactly `want` at v = 1."""
    c = f32(c).copy()
    rest = np.float32(0)
    for k in c[:0:-1]:
        rest = np.float32(rest + k)
    c[0] = np.float32(want) - rest
    for _ in range(8):
        if horner32(c, 1.0) == np.float32(want):
            return c
        c[0] = np.nextafter(c[0], np.float32(np.inf if horner32(c, 1.0) < want else -np.inf))
    raise AssertionError("no exact end value")


def step_and_ramp(h):
    """D(u) = 2 integral_0^Hu h = u Q(v);  W(u) = blamp(Hu)/H = U(v) - |u|/2."""
    s = POLY.polyint(np.asarray(h) * H)                  # S(u), odd in u
    q = even_to_v(2 * s[1:])
    u = POLY.polyint(s)                                  # even in u
    u[0] = 0.5 - POLY.polyval(1.0, u)                    # U(1) = 1/2: blamp is 0 at the end
    return force_end(q, 1.0), force_end(even_to_v(u), 0.5)


def db(x):
    return 20 * np.log10(np.maximum(np.abs(x), 1e-12))


def report(q, c_ramp):
    """What single coefficients achieve, from the step alone: h = S', in double."""
    s = POLY.polymul([0.0, 0.5], v_to_u(q))
    h = POLY.polyder(s) / H
    g = lambda f: kernel_response(lambda u: POLY.polyval(u, h), f, 900)[:, 0]
    print("passband, dB:  " + "  ".join("%g kHz %.2f" % (f, db(g([f * 1e3])[0])) for f in (1, 5, 10, 12, 14, 15, 16, 18, 20, 22, 24)))
    fine = np.linspace(0, F_PASS, 3000)
    print("ripple to %g kHz: %.3f dB to %.3f dB" % (F_PASS / 1e3, db(g(fine)).min(), db(g(fine)).max()))
    fs = np.concatenate([np.linspace(F_STOP, SR + F_HEARD, 3000), np.linspace(2 * SR - F_HEARD, 6e5, 6000)])
    print("stopband 28 kHz up: |G| <= %.1f dB; |G| 28 kHz/f <= %.1f dB" % (db(g(fs)).max(), db(g(fs) * F_STOP / fs).max()))
    for f0 in (1e3, 2e3, 5e3, 7e3, 10e3):
        f = f0 * np.arange(1, int(6e5 / f0))
        fold = np.abs((f + SR / 2) % SR - SR / 2)
        heard = (f > SR / 2) & (fold < F_HEARD)
        print("  saw %5g Hz: strongest alias below 20 kHz %.1f dB" % (f0, db(g(f[heard]) * f0 / f[heard] / g([f0])[0]).max()))
    u = POLY.polyint(s)
    u[0] = 0.5 - POLY.polyval(1.0, u)
    grid = np.linspace(0, 1, 2001)
    print("ramp: |U - (integral of S)/H| <= %.2g" % np.abs(POLY.polyval(grid, v_to_u(c_ramp)) - POLY.polyval(grid, u)).max())


def v_to_u(c):
    w = np.zeros(1)
    for k in np.asarray(c, dtype=float)[::-1]:
        w = POLY.polyadd(POLY.polymul(w, [-1.0, 0.0, 2.0]), [k])
    return w


def minimax(basis, target):
    """Coefficients that minimise max |basis x - target|; scaled so that the LP sees numbers near 1."""
    x = np.linalg.lstsq(basis, target, rcond=None)[0]
    for _ in range(2):
        r = target - basis @ x
        s = np.abs(r).max()
        one = np.ones((len(r), 1))
        lp = linprog(np.r_[np.zeros(len(x)), 1.0], A_ub=np.vstack([np.hstack([basis, -one]), np.hstack([-basis, -one])]),
                     b_ub=np.r_[r, -r] / s, bounds=[(None, None)] * (len(x) + 1), method="highs")
        assert lp.status == 0
        x = x + lp.x[:-1] * s
    return x, np.abs(target - basis @ x).max()


def chebyshev_points(lo, hi, n=801):
    return (lo + hi) / 2 + (hi - lo) / 2 * np.cos(np.pi * (np.arange(n) + 0.5) / n)


def design_sin():
    """sin(pi/2 z) = z + z (1 - z^2) T(z^2), z in [0, 1], absolute error: exact at both ends."""
    z = chebyshev_points(0, 1)
    c, e = minimax(np.array([z * (1 - z * z) * z ** (2 * k) for k in range(4)]).T, np.sin(np.pi / 2 * z) - z)
    return f32(c), e


def design_tan():
    """tan(pi y) = y N(z)/D(z), z = y^2, y in [0, 1/4], N degree 1, D = 1 + ... degree 2; relative error."""
    y = chebyshev_points(1e-4, 0.25)
    z, t, d = y * y, np.tan(np.pi * y), np.ones(801)
    for _ in range(12):  # Loeb: N/D is best when |N y - t D| / (t D_before) is
        w = 1 / (t * d)
        c, e = minimax(np.array([y * w, y * z * w, -t * z * w, -t * z * z * w]).T, t * w)
        d = 1 + c[2] * z + c[3] * z * z
    return f32(c), e


def design_exp2(n=6):
    """2^f = 1 + f P(f), |f| <= 1/2, relative error."""
    f = chebyshev_points(-0.5, 0.5, 800)
    w = np.exp2(-f)
    c, e = minimax(np.array([w * f ** k for k in range(1, n + 1)]).T, 1 - w)
    return f32(c), e


def design_log2(n=9):
    """log2(1 + f) = f P(f), sqrt(1/2) <= 1 + f < sqrt(2), relative error."""
    f = chebyshev_points(np.sqrt(0.5) - 1, np.sqrt(2) - 1, 800)
    w = 1 / np.log2(1 + f)
    c, e = minimax(np.array([w * f ** k for k in range(1, n + 1)]).T, np.ones(len(f)))
    return f32(c), e


def design_tanh(n=4, end=9.02):
    """tanh(x) = x N(z)/D(z), z = x^2, x in [0, end], N and D = 1 + ... of degree n; relative error."""
    x = chebyshev_points(0, end, 1600)
    x = x[x > 1e-4]
    z, r, d = (x / end) ** 2, np.tanh(x) / x, np.ones(len(x))
    for _ in range(30):  # Loeb, as for tan
        w = 1 / (r * d)
        c, e = minimax(np.array([z ** k * w for k in range(1, n + 1)] + [-r * z ** k * w for k in range(1, n + 1)]).T, (r - 1) * w)
        d = 1 + sum(a * z ** k for k, a in enumerate(c[n:], 1))
    return f32(c / end ** (2.0 * np.r_[1:n + 1, 1:n + 1])), e


def show(name, c):
    print("%s, lowest power first:" % name)
    print("    " + ", ".join("%.9gf" % x for x in c))


def read_header(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm", "blep.h")
    body = re.search(r"LANE_FN lane %s\(.*?\n}" % name, open(path).read(), re.S).group(0)
    c = re.findall(r"([-+*]) (-?[0-9.]+)f", body.split("Horner", 1)[1].split("return")[0])
    return f32([float(x) * (-1 if s == "-" else 1) for s, x in c][::-1])  # highest power stands first in the header


def main():
    if "--check" in sys.argv:
        q, w = read_header("blep_step"), read_header("blep_ramp")
        assert len(q) == N + 1 and len(w) == N + 2
        assert horner32(q, 1.0) == 1.0 and horner32(w, 1.0) == 0.5
        report(q, w)
        return
    q, w = step_and_ramp(design_kernel())
    show("step: Q(v)", q)
    show("ramp: U(v)", w)
    report(q, w)
    for name, (c, e) in (("sin", design_sin()), ("tan: n0 n1 d1 d2", design_tan()), ("exp2, from f^1", design_exp2()),
                         ("log2, from f^1", design_log2()), ("tanh: n1 to n4, d1 to d4", design_tanh())):
        show(name, c)
        print("    error before rounding %.2g" % e)


if __name__ == "__main__":
    main()
