import { LatchkeyError } from '../contract/errors.ts';

/** What the redirect service (assets/relay.html) is told. It reads these names and these forms, and no others. */
export interface RelayContent {
  code: string;
  /** Verification address. */
  page: string;
  /** Name of the computer that asked. */
  host: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Letters and digits, in groups that hyphens may divide (RFC 8628 section 6.1); Entra ID's have nine. */
export const userCodeForm = /^(?=.{6,20}$)[A-Z0-9]+(?:-[A-Z0-9]+)*$/;
const hostForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/**
 * Address of the redirect service: https (http on loopback), without user, query and fragment.
 * @throws LatchkeyError `config-invalid`
 */
export function relayAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url?.hostname ?? '');
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  const isBare = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isSafe && isBare) return url.href;
  throw new LatchkeyError('config-invalid', 'The address of the redirect service cannot be used.', {
    remedy:
      'Give an https address without user, query and fragment, such as https://codes.example.com/relay.html.',
  });
}

/**
 * The link of a mail. Code and address stand in the fragment, which browsers keep to themselves (RFC 9110 section 7.1,
 * RFC 3986 section 3.5): the server of the redirect service never sees them, nor does a proxy or its log.
 */
export function relayLink(relay: string, { code, page, host, expiresAt }: RelayContent): string {
  const content = new URLSearchParams({ code, page, until: String(Math.floor(expiresAt / 1000)) });
  // The page shows nothing that could be read as a sentence of its own: another name is left out.
  if (hostForm.test(host)) content.set('host', host);
  return `${relay}#${content.toString()}`;
}
