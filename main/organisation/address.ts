import { isLoopbackName } from '../base/loopback.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readLink } from '../contract/link.ts';

/** Where an organisation's bundle is, and the key that has to have signed it. */
export interface OrganisationAddress {
  /** Without the fragment, which never goes to a server; `file:///…` where the bundle is a file of this computer. */
  url: string;
  /** SHA-256 thumbprint of the public key (RFC 7638) in base64url. */
  fingerprint: string;
}

const fingerprintPattern = /^[A-Za-z0-9_-]{43}$/;
const maxLength = 2000;

/**
 * Reads `https://…#<fingerprint>`, `file:///…#<fingerprint>`, or a link `latchkey://join?address=…` that carries the former.
 * Plain http is for a server on this computer itself, where it leaves for nobody to see.
 * @throws LatchkeyError `request-invalid`
 */
export function readOrganisationAddress(text: string): OrganisationAddress {
  if (text.length > maxLength) throw invalid('is too long');
  const address = addressInLink(text.trim());
  const url = parsed(address);
  // Whoever has made a link knows nothing of the files of this computer.
  if (url.protocol === 'file:' && address === text.trim()) return ofFile(url);
  const isPlain = url.protocol === 'http:' && isLoopbackName(url.hostname);
  if (url.protocol !== 'https:' && !isPlain) throw invalid('does not begin with https://');
  if (url.username !== '' || url.password !== '') throw invalid('names a user, which it may not');
  const fingerprint = fingerprintIn(url);
  url.hash = '';
  return { url: url.href, fingerprint };
}

function ofFile(url: URL): OrganisationAddress {
  // A host, or a second slash, would be a file of another computer: Windows would sign in there by itself.
  if (url.host !== '' || /^\/(?:\/|%2f|%5c)/i.test(url.pathname))
    throw invalid('is no file of this computer');
  const fingerprint = fingerprintIn(url);
  url.hash = '';
  return { url: url.href, fingerprint };
}

function fingerprintIn({ hash }: URL): string {
  const fingerprint = hash.slice(1);
  if (!isFingerprint(fingerprint)) throw invalid('does not end with # and the fingerprint of the key');
  return fingerprint;
}

export function isFingerprint(text: string): boolean {
  return fingerprintPattern.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}

function addressInLink(text: string): string {
  if (!/^latchkey:/i.test(text)) return text;
  const link = readLink(text);
  if (link?.kind !== 'join') throw invalid('is not a link that leads to an organisation');
  return link.address;
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw invalid('is no address');
  }
}

function invalid(fault: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `What was given as the organisation's address ${fault}.`, {
    remedy:
      'Copy the whole address that your organisation has given out: https://… with # and the 43 characters of its key at the end.',
  });
}
