"""A notification server for tests. Arguments: its capabilities, by commas; seconds that each Notify takes. Each call is a
line of JSON on stdout; a line "click N" on stdin clicks the notification N."""
import json
import sys
import time

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

DBusGMainLoop(set_as_default=True)
NAME = "org.freedesktop.Notifications"
capabilities, delay = sys.argv[1].split(","), float(sys.argv[2])


def say(**what):
    print(json.dumps(what), flush=True)


class Server(dbus.service.Object):
    last = 0

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return capabilities

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        self.last += 1
        time.sleep(delay)
        say(call="Notify", id=self.last, title=summary, body=body, actions=list(actions), urgency=int(hints["urgency"]))
        return self.last

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, number):
        say(call="CloseNotification", id=int(number))

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, action):
        pass


bus = dbus.SessionBus()
server = Server(dbus.service.BusName(NAME, bus), "/org/freedesktop/Notifications")


def read(source, condition):
    word, number = source.readline().split()
    if word == "click":
        server.ActionInvoked(int(number), "default")
    return True


GLib.io_add_watch(sys.stdin, GLib.IO_IN, read)
say(call="ready")
GLib.MainLoop().run()
