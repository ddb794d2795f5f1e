/**
 * Which keyring Chromium is to use, where it would not find one by itself: it goes by the name of the desktop, and takes
 * a fixed password on i3, sway, Hyprland, niri, LXQt, MATE and whatever else it does not know, although a Secret Service
 * runs there. Where none runs, it falls back to that as before, which the seal then notices.
 * @returns undefined where Chromium chooses well (KDE has KWallet), or the person has chosen
 */
export function passwordStore(
  given: boolean,
  environment: Record<string, string | undefined> = process.env,
  platform: NodeJS.Platform = process.platform,
): 'gnome-libsecret' | undefined {
  if (platform !== 'linux' || given) return undefined;
  const desktops = [environment['XDG_CURRENT_DESKTOP'], environment['DESKTOP_SESSION']]
    .flatMap((names) => (names ?? '').split(':'))
    .map((name) => name.toLowerCase());
  const isKde =
    desktops.some((name) => /^(?:kde|plasma)/.test(name)) || environment['KDE_FULL_SESSION'] !== undefined;
  return isKde ? undefined : 'gnome-libsecret';
}
