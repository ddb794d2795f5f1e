export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Extensions of a server certificate for this computer's own names. */
export async function loopbackServer(authorityKey: CryptoKey, key: CryptoKey) {
  const x509 = await loadX509();
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
    await x509.AuthorityKeyIdentifierExtension.create(authorityKey),
    await x509.SubjectKeyIdentifierExtension.create(key),
  ];
}

/** A positive random serial number, as RFC 5280 section 4.1.2.2 asks for. */
export function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

/** Loaded where it is used, since it takes a tenth of a second. */
export function loadX509() {
  provideMetadata();
  return import('@peculiar/x509');
}

/**
 * @peculiar/x509 refuses to load without the metadata functions of a decorator polyfill, of which it uses these three.
 * They are added only where nobody else has, and keep what they are told in a weak map of their own.
 */
function provideMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  const read = (key: unknown, target: object) => metadata.get(target)?.get(key);
  const write = (key: unknown, value: unknown, target: object) => {
    const entries = metadata.get(target) ?? new Map<unknown, unknown>();
    metadata.set(target, entries.set(key, value));
  };
  Object.assign(Reflect, { getMetadata: read, getOwnMetadata: read, defineMetadata: write });
}
