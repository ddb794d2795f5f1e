#!/bin/sh
# For deb and rpm. dpkg can run this from outside of the system that it installs into (DPKG_ROOT): then only files are placed.
set -e
root=${DPKG_ROOT:-}
folder='/opt/${sanitizedProductName}'
mkdir -p "$root/usr/bin"
ln -sf "../..$folder/latchkey" "$root/usr/bin/latchkey"

# Where a program may make user namespaces, Chromium's sandbox needs no rights of root.
if unshare --user true 2>/dev/null; then
  chmod 0755 "$root$folder/chrome-sandbox"
else
  chmod 4755 "$root$folder/chrome-sandbox"
fi
[ -z "$root" ] || exit 0

# Ubuntu 24.04 and later let only named programs make them.
profile="$folder/resources/apparmor-profile"
if apparmor_status --enabled >/dev/null 2>&1 && apparmor_parser --skip-kernel-load --debug "$profile" >/dev/null 2>&1; then
  cp -f "$profile" '/etc/apparmor.d/${executable}'
  ischroot 2>/dev/null || apparmor_parser --replace --write-cache --skip-read-cache '/etc/apparmor.d/${executable}' || true
fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q /usr/share/applications || true; fi
exit 0
