#!/bin/sh
# An update runs this with "upgrade" (deb) or 1 (rpm), when the new version is in place already.
set -e
root=${DPKG_ROOT:-}
case "$1" in upgrade | 1) exit 0 ;; esac
link=$(readlink "$root/usr/bin/latchkey" || true)
if [ "$link" = '../../opt/${sanitizedProductName}/latchkey' ]; then rm -f "$root/usr/bin/latchkey"; fi
[ -z "$root" ] || exit 0
if [ -f '/etc/apparmor.d/${executable}' ]; then
  if apparmor_status --enabled >/dev/null 2>&1 && ! ischroot 2>/dev/null; then
    apparmor_parser --remove '/etc/apparmor.d/${executable}' || true
  fi
  rm -f '/etc/apparmor.d/${executable}'
fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q /usr/share/applications || true; fi
exit 0
