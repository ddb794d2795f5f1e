/**
 * What stands beside a secret on the clipboard, so that histories and clouds leave it out: marks that each system's
 * programs agreed on.
 *
 * - macOS: nspasteboard.org, "Identifying and Handling Transient or Special Data on the Clipboard"
 * - Windows: "Clipboard Formats", "Cloud Clipboard and Clipboard History Formats"; a DWORD of 0 says no
 * - KDE: Klipper; GNOME's extensions follow it
 */
const marks: Partial<Record<NodeJS.Platform, Record<string, string | Uint8Array<ArrayBuffer>>>> = {
  darwin: { 'org.nspasteboard.ConcealedType': '1' },
  win32: {
    ExcludeClipboardContentFromMonitorProcessing: new Uint8Array(4),
    CanIncludeInClipboardHistory: new Uint8Array(4),
    CanUploadToCloudClipboard: new Uint8Array(4),
  },
  linux: { 'x-kde-passwordManagerHint': 'secret' },
};

/** The entries of Electron's ClipboardItem for a secret: MIME types and, by their own names, formats of the system. */
export function secretFormats(
  secret: string,
  platform: NodeJS.Platform = process.platform,
): Record<string, string | Blob> {
  const formats = Object.entries(marks[platform] ?? {}).map(([name, value]) => [
    `electron application/osclipboard;format="${name}"`,
    new Blob([value]),
  ]);
  return { 'text/plain': secret, ...Object.fromEntries(formats) } as Record<string, string | Blob>;
}
