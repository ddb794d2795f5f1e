/**
 * The normal form of an address that may be handed to the system, which would start other programs for other schemes.
 * It is parsed, never looked at as text. @throws TypeError for any scheme but https, and for one with a user in it
 */
export function httpsAddress(address: string): string {
  const url = new URL(address);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '')
    throw new TypeError('only https addresses are opened');
  return url.href;
}
