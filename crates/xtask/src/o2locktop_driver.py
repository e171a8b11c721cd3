"""Feeds generated dumps to the collector of o2locktop 1.0.10 and measures its refreshes.

Arguments: directory with files node<n>.round<r>, number of nodes, number of rounds.

One refresh of o2locktop, for each node: the output of `cat` is decoded, split into lines without the empty ones
(shell.Shell), and handed to a thread that parses it line by line (Node.process_all_slot_worker). When all nodes are done,
one report is made (LockSpace.report_once). The same calls are made here. Left out: ssh, cat, sleeping, and the printer's
process. Prints CPU time per record of the last refresh (user and system, all threads) and peak memory.
"""
import sys
import threading
import time

from o2locktoplib import dlm, util

SYSTEM_INODES = 0x21
ROWS = 40

directory, nodes, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# It asks each node where the file system is mounted; there are no nodes here.
util.lockspace_to_device = lambda uuid, ip=None: (254, 16, "/mnt")
names = ["node%d" % number for number in range(1, nodes + 1)]
space = dlm.LockSpace(names, "D3C123F4B7EA4CAD87B04CA0CBCB3C0B", SYSTEM_INODES, False, display_len=ROWS)


def refresh(dumps):
    """One refresh of all nodes; returns the report and the number of records."""
    done = threading.Semaphore(0)
    records = 0
    for name in names:
        # Decoded as subprocess does with universal_newlines, and let go like there.
        text = dumps.pop(name).decode().replace("\r\n", "\n").replace("\r", "\n")
        lines = [line for line in text.split("\n") if line]
        del text
        records += len(lines)
        threading.Thread(target=space[name].process_all_slot_worker, args=(lines, done)).start()
        del lines
    for _ in names:
        done.acquire()
    return space.report_once(), records


def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


for number in range(1, rounds + 1):
    dumps = {}
    for name in names:
        with open("%s/%s.round%d" % (directory, name, number), "rb") as dump:
            dumps[name] = dump.read()
    start = time.process_time()
    report, records = refresh(dumps)
    spent = time.process_time() - start
    assert len(report["detailed"].splitlines()) > ROWS, "o2locktop made no report"

print("total_ns", spent * 1e9 / records)
print("peak_kib", peak_kib())
