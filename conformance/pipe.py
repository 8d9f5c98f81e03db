"""An engine behind a pipe, which may hang, crash, lie or talk too much."""

import os
import selectors
import subprocess
import tempfile
import time

HEADER = 1000  # bytes of a reply's line
LOG = 1 << 24


class EngineError(Exception):
    """The engine broke the protocol or died; it has been ended."""


class Refused(Exception):
    """The engine answered 'error'."""


class Engine:
    def __init__(self, command, timeout):
        self.command, self.timeout = command, timeout
        self.process = self.said = None
        self.buffer = b""

    def start(self):
        self.said = tempfile.TemporaryFile()
        self.buffer = b""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said
        )
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)

    def last_words(self):
        """The end of what it wrote to standard error."""
        self.said.seek(0, os.SEEK_END)
        self.said.seek(max(0, self.said.tell() - 300))
        words = self.said.read().decode(errors="replace").strip().splitlines()
        return "; it said: %s" % words[-1] if words else ""

    def end(self, why):
        """Never returns: the engine is killed, and why is raised."""
        status = self.process.poll()
        if status is None and "ended" in why:
            try:
                status = self.process.wait(1)
            except subprocess.TimeoutExpired:
                pass
        if status is not None:
            why += " with %s %d" % ("signal" if status < 0 else "status", abs(status))
        why += self.last_words()
        self.kill()
        raise EngineError(why)

    def kill(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass
        self.said.close()
        self.process = None

    # What is written and what is read go on side by side, so that neither can block the other.

    def pump(self, request, enough):
        """Writes what is left of the request and reads until enough(buffer)."""
        deadline = time.monotonic() + self.timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if request:
                selector.register(self.process.stdin, selectors.EVENT_WRITE)
            while request or not enough(self.buffer):
                left = deadline - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    self.end("no answer within %g s" % self.timeout)
                for key, _ in ready:
                    if key.fileobj is self.process.stdin:
                        request = self.write(request, selector)
                    else:
                        self.read()

    def write(self, request, selector):
        try:
            request = request[os.write(self.process.stdin.fileno(), request[: 1 << 16]) :]
        except BlockingIOError:
            pass
        except OSError:
            self.end("the engine ended while it was asked")
        if not request:
            selector.unregister(self.process.stdin)
        return request

    def read(self):
        try:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return
        if not data:
            self.end("the engine ended before its reply did (%d bytes of it)" % len(self.buffer))
        self.buffer += data

    def header(self, request):
        self.pump(request, lambda b: b"\n" in b[:HEADER] or len(b) >= HEADER)
        line, newline, rest = self.buffer.partition(b"\n")
        if not newline or len(line) > HEADER:
            self.end("the reply begins with no line of at most %d bytes" % HEADER)
        self.buffer = rest
        return line.decode(errors="replace")

    def ask(self, request, size):
        """The reply's bytes, of which there must be so many, and its log or None."""
        if self.process is None:
            self.start()
        line = self.header(request)
        words = line.split(" ")
        if words[0] == "error":
            raise Refused(line[6:] or "no reason given")
        numbers = [int(w) for w in words[1:] if w.isdecimal() and len(w) < 12]
        if words[0] != "ok" or len(numbers) != len(words) - 1 or len(numbers) not in (1, 2):
            self.end("not a reply: %r" % line[:80])
        if numbers[0] != size:
            self.end("%d bytes are announced where %d are due" % (numbers[0], size))
        if sum(numbers[1:]) > LOG:
            self.end("a log of %d bytes" % numbers[1])
        total = sum(numbers)
        self.pump(b"", lambda b: len(b) >= total)
        reply, self.buffer = self.buffer[:total], self.buffer[total:]
        if self.buffer:
            self.end("%d bytes more than announced" % len(self.buffer))
        log = reply[size:].decode(errors="replace") if len(numbers) == 2 else None
        return reply[:size], log

    def close(self):
        """Ends the input; the engine must then end by itself, well, and say no more."""
        if self.process is None:
            return
        self.process.stdin.close()
        rest, deadline = 0, time.monotonic() + self.timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.end("the engine does not go when its input is over")
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    break
                rest += len(data)
        try:
            status = self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            self.end("the engine does not go when its input is over")
        if rest or status != 0:
            self.end("after the last reply: %d bytes more, and it ended" % rest)
        self.kill()
