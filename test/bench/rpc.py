"""The python3-libvirt side of the bench "rpc": rpc.py URI info|stats|open|events COUNT, or rpc.py - run COMMAND... for another program.
Prints one JSON line with wall and CPU time; "events" first prints "ready"."""

import json
import resource
import subprocess
import sys
import time


def report(started, items):
    wall, cpu = started
    print(json.dumps({"wallMs": (time.perf_counter() - wall) * 1000, "cpuMs": (time.process_time() - cpu) * 1000, "items": items}))


def now():
    return time.perf_counter(), time.process_time()


def calls(libvirt, uri, what, count):
    connection = libvirt.open(uri)
    call = connection.lookupByName("test").info if what == "info" else connection.getAllDomainStats
    for _ in range(max(1, count // 10)):
        call()
    started = now()
    for _ in range(count):
        result = call()
    report(started, len(result))


def opens(libvirt, uri, count):
    libvirt.open(uri).close()
    started = now()
    for _ in range(count):
        connection = libvirt.open(uri)
        connection.getHostname()
        connection.close()
    report(started, count)


def events(libvirt, uri, count):
    seen = 0
    started = None

    def heard(*_):
        nonlocal seen, started
        started = started or now()
        seen += 1

    libvirt.virEventRegisterDefaultImpl()
    connection = libvirt.open(uri)
    connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, heard, None)
    print("ready", flush=True)
    while seen < count:
        libvirt.virEventRunDefaultImpl()
    report(started, seen)


def run(command):
    wall = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wallMs": (time.perf_counter() - wall) * 1000, "cpuMs": (used.ru_utime + used.ru_stime) * 1000, "items": 1}))


def main():
    uri, what = sys.argv[1:3]
    if what == "run":
        return run(sys.argv[3:])
    import libvirt

    count = int(sys.argv[3])
    if what == "open":
        return opens(libvirt, uri, count)
    if what == "events":
        return events(libvirt, uri, count)
    return calls(libvirt, uri, what, count)


main()
