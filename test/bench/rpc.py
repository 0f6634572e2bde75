"""The python3-libvirt side of the bench "rpc": rpc.py URI info|stats COUNT. Prints one JSON line with wall and CPU time."""

import json
import sys
import time

import libvirt

uri, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = libvirt.open(uri)
if what == "info":
    call = connection.lookupByName("test").info
else:
    call = connection.getAllDomainStats
for _ in range(max(1, count // 10)):
    call()
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(count):
    result = call()
print(json.dumps({"wallMs": (time.perf_counter() - wall) * 1000, "cpuMs": (time.process_time() - cpu) * 1000, "items": len(result)}))
