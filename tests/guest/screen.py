#!/usr/bin/python3
"""Sits at the serial console of a guest, as somebody would: types, and reads what the screen shows.

    tests/guest/screen.py KERNELDIR INITRAMFS DISK

Boots guest/linux/run --shell behind a terminal of 100x30 and works with `vring-trace live` and `top`
there. A sentence and ok, or not ok, a line for each thing seen. Status 1 if any was not.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pyte

ROWS, COLS = 30, 100
HERE = os.path.dirname(os.path.abspath(__file__))


class Console:
    """A guest's console and the terminal it is seen on."""

    def __init__(self, arguments):
        self.screen = pyte.Screen(COLS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.commands = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", LC_ALL="C")
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
            os.execv(arguments[0], arguments)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))

    def read(self, seconds):
        """What comes within that time goes onto the screen."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                return
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            self.stream.feed(data)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def wait(self, pattern, seconds=15):
        """Until the pattern is somewhere on the screen. Returns the match, or None."""
        until = time.monotonic() + seconds
        while True:
            found = re.search(pattern, "\n".join(self.lines()))
            if found or time.monotonic() > until:
                return found
            self.read(0.1)

    def still(self, seconds, tries=10):
        """Below the line at the top all stays as it is for so long. Returns the lines, or None."""
        for _ in range(tries):
            before = self.lines()
            self.read(seconds)
            if self.lines()[1:] == before[1:]:
                return before
        return None

    def settings(self):
        """What stty says of the terminal."""
        return re.search(r"speed.*?(?=\nEND)", self.command("stty -a"), re.S)

    def command(self, words, seconds=30):
        """Types a line of shell, and gives what it said."""
        self.commands += 1
        # What is typed shows as well, and is not the answer.
        self.type("clear; { " + words + f"\n}}; echo END-$(({self.commands}+100))\n")
        if not self.wait(rf"(?m)^END-{self.commands + 100}", seconds):
            return ""
        return "\n".join(self.lines())

    def end(self):
        """QEMU goes with its terminal, and if not then by its number."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, sign)
            except ProcessLookupError:
                return
            for _ in range(30):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
                self.read(0.1)


failed = False


def ok(sentence, condition, console):
    global failed
    print(("ok - " if condition else "not ok - ") + sentence, flush=True)
    if not condition:
        failed = True
        print("\n".join("    |" + line for line in console.lines()), flush=True)


LOAD = "(while dd if=/dev/vda of=/dev/null bs=16k count=400 iflag=direct 2>/dev/null; do :; done) &"


def live(c):
    before = c.settings()
    c.command(LOAD + " load=$!")
    c.type("vring-trace live vda\n")
    ok("live takes the whole serial terminal",
       c.wait(r"virtio0/req\.0 .*LIVE 10 Hz") and c.wait(r"q quit.*\? help\Z"), c)
    first = c.wait(r"avail\.idx +(\d+)")
    ok("... and shows the indices as they move", first and c.wait(rf"avail\.idx +(?!{first[1]} )\d"), c)
    ok("... without hooks: what events alone tell is -", c.wait(r"add -   kick -"), c)
    c.type("w")
    ok("w sets the hooks, and the reasons come", c.wait(r"kick [1-9]\d*", 30) and c.wait(r"need_event"), c)
    c.type("w")
    ok("... and again takes them off", c.wait(r"add -   kick -", 30), c)
    c.type(" ")
    c.wait(r"FROZEN 0 back")
    frozen = c.still(0.5)
    ok("SPACE freezes it", frozen and re.search(r"FROZEN 0 back", frozen[0]), c)
    c.type("<<<")
    back = c.wait(r"FROZEN 3 back") and c.still(0.5)
    ok("... and < steps back, where the indices were less",
       back and int(c.wait(r"avail\.idx +(\d+)")[1]) < int(re.search(r"avail\.idx +(\d+)", "\n".join(frozen))[1]), c)
    c.type(" \t")
    ok("TAB shows the next queue", c.wait(r"virtio1/input\.0 .*LIVE"), c)
    for queue in ("virtio1/output\.0", "virtio1/control", "virtio0/req\.0"):
        c.type("\t")
        c.wait(queue + " .*LIVE")
    c.type("r")
    ok("r records", c.wait(r"recording into vring-[\d-]+\.vrt", 30) and c.wait(r"REC"), c)
    c.read(2)
    c.type("r")
    name = c.wait(r"recorded into (vring-[\d-]+\.vrt)", 30)
    ok("... and again ends it", name, c)
    c.type("q")
    c.read(1)
    after = c.settings()
    ok("q leaves the terminal as it was", before and after and before[0] == after[0], c)
    seen = c.command(f"vring-trace check {name[1] if name else '?'}")
    ok("what was recorded can be read", re.search(r"1 queue, \d+ snapshots, 0 findings", seen), c)


def removed(c):
    c.command("kill $load; wait 2>/dev/null")
    unbind = "/sys/bus/virtio/drivers/virtio_net"
    c.command(f"(until pidof vring-trace; do sleep 0.2; done; sleep 6; echo virtio1 >{unbind}/unbind; "
              f"sleep 5; echo virtio1 >{unbind}/bind) >/dev/null &")
    c.type("vring-trace live eth0\n")
    ok("a card is shown", c.wait(r"virtio1/input\.0 .*LIVE"), c)
    ok("... until its driver lets go of it: that is said", c.wait(r"GONE, waiting"), c)
    ok("... and it is waited for", c.wait(r"virtio1/input\.0 .*LIVE", 20) and c.wait(r"q quit"), c)
    c.type("q")
    c.read(1)


def top(c):
    c.command(LOAD + " load=$!")
    c.type("vring-trace\n")
    ok("without a command it is top, the busiest queue first",
       c.wait(r"(?m)^>virtio0/req\.0 +virtio_blk +split +256 +\d+% +\d", 30), c)
    c.type("\r")
    ok("ENTER opens the ring of a queue", c.wait(r"virtio0/req\.0 .*LIVE 10 Hz", 20), c)
    c.type("\x1b")
    ok("... and ESC goes back", c.wait(r"sorted by add/s", 30), c)
    c.type("ssss")
    ok("s changes the order", c.wait(r"sorted by spurious"), c)
    # By its number: there is nobody at this console to ask.
    c.type("q")
    c.read(1)
    before = c.settings()
    c.command("(until pidof vring-trace; do sleep 0.2; done; sleep 6; kill -TERM $(pidof vring-trace)) >/dev/null &")
    c.type("vring-trace live vda\n")
    ok("live is there", c.wait(r"LIVE 10 Hz"), c)
    c.wait(r"guest:[^#]*# $")
    after = c.settings()
    ok("SIGTERM leaves the terminal as it was, too", before and after and before[0] == after[0], c)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    kernel, initrd, disk = sys.argv[1:]
    run = os.path.join(HERE, "../../guest/linux/run")
    c = Console([run, "--kernel", kernel, "--initrd", initrd, "--disk", disk, "--shell"])
    try:
        if not c.wait(r"guest:.*#", 60):
            ok("the guest comes up with a shell", False, c)
        else:
            live(c)
            removed(c)
            top(c)
            c.type("poweroff\n")
            c.read(3)
    finally:
        c.end()
    sys.exit(failed)


main()
