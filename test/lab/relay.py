"""Moves frames between ports of a lab's switch that do not hear each other directly, late and not all of them (see relay.ts).

Each line on stdin is the whole configuration as JSON, answered by "ok"; frames under way live through a change.
"""
import gc
import heapq
import itertools
import json
import random
import select
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
BUFFER_BYTES = 8 << 20
# The kernel puts ten bytes before each frame: its checksum may be unfinished, and must be handed on so.
HEADER_BYTES = 10
FRAME_BYTES_MAX = 65536 + 256
FRAMES_AT_ONCE = 64
FRAMES_UNDER_WAY_MAX = 50_000
# How often a frame goes to all ports because nobody knows yet where its receiver is.
SEARCH_INTERVAL_S = 0.01


def open_port(name):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES)
    port.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    port.bind((name, ETH_P_ALL))
    port.setblocking(False)
    return port


class Relay:
    def __init__(self):
        self.ports = {}
        self.names = {}
        self.quality = {}
        self.place = {}  # MAC address -> name of the port behind which it was last heard
        self.sought = {}  # MAC address -> when it was last searched
        self.last_due = {}
        self.under_way = []
        self.counter = itertools.count()
        self.poll = select.epoll()
        self.poll.register(0, select.EPOLLIN)

    def configure(self, wanted):
        for port in self.ports.values():
            self.poll.unregister(port)
            port.close()
        self.ports = {}
        for each in wanted["ports"]:
            try:
                self.ports[each["name"]] = open_port(each["name"])
            except OSError:
                pass  # its machine lost its power a moment ago, and a configuration without it is on its way
        self.place.update((bytes.fromhex(each["mac"].replace(":", "")), each["name"]) for each in wanted["ports"])
        self.names = {port.fileno(): name for name, port in self.ports.items()}
        for number in self.names:
            self.poll.register(number, select.EPOLLIN)
        self.quality = {}
        for link in wanted["links"]:
            values = (link["delayMs"] / 1000, link["jitterMs"] / 1000, link["lossRatio"])
            self.quality[link["a"], link["b"]] = self.quality[link["b"], link["a"]] = values

    def receive(self, number):
        name = self.names[number]
        port = self.ports[name]
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = port.recv(FRAME_BYTES_MAX)
            except OSError:
                return  # nothing left, or the cable is out
            source = frame[HEADER_BYTES + 6 : HEADER_BYTES + 12]
            self.place[source] = name
            for to in self.receivers(frame, name):
                self.pass_on(frame, name, to)

    def receivers(self, frame, name):
        target = frame[HEADER_BYTES : HEADER_BYTES + 6]
        place = self.place.get(target)
        if place is not None:
            return (place,) if place != name and place in self.ports else ()
        if not target[0] & 1:
            now = time.monotonic()
            if now - self.sought.get(target, 0) < SEARCH_INTERVAL_S:
                return ()
            self.sought[target] = now
        return [each for each in self.ports if each != name]

    def pass_on(self, frame, name, to):
        delay, jitter, loss = self.quality.get((name, to), (0, 0, 0))
        if loss and random.random() < loss:
            return
        if not delay and not jitter:
            self.send(to, frame)
            return
        if len(self.under_way) >= FRAMES_UNDER_WAY_MAX:
            return
        # A cable does not let frames overtake each other.
        due = time.monotonic() + max(0, delay + random.uniform(-jitter, jitter))
        due = self.last_due[name, to] = max(due, self.last_due.get((name, to), 0))
        heapq.heappush(self.under_way, (due, next(self.counter), to, frame))

    def send(self, to, frame):
        try:
            self.ports[to].send(frame)
        except (KeyError, OSError):
            pass  # the cable is out, or what follows is full: the frame is lost, as it would be on a wire

    def deliver(self):
        """Sends what is due; returns how long nothing will be, in seconds."""
        now = time.monotonic()
        while self.under_way and self.under_way[0][0] <= now:
            _, _, to, frame = heapq.heappop(self.under_way)
            self.send(to, frame)
        return self.under_way[0][0] - now if self.under_way else -1


def main():
    gc.disable()  # nothing here forms a cycle, and a collection would be a pause
    relay = Relay()
    wait = -1
    while True:
        for number, _ in relay.poll.poll(wait):
            if number in relay.names:
                relay.receive(number)
            elif number == 0:
                line = sys.stdin.buffer.raw.readline()
                if not line:
                    return
                relay.configure(json.loads(line))
                print("ok", flush=True)
        wait = relay.deliver()


main()
