import { ProtocolError } from '../refused.ts';

/**
 * The four texts of a SCRAM exchange: RFC 5802 section 7 (formal syntax), RFC 5801 section 4 (GS2 header). Parsers are
 * strict: a text that the grammar does not allow throws ProtocolError.
 */

/** Longest nonce and salt that a peer may send, in characters: PostgreSQL's own are 24 and 24. */
const maxNonce = 512;
const maxSalt = 512;
/** Longest text of the exchange; libpq's and the server's stay below 300. */
export const maxScramMessage = 2048;

const printable = /^[\x21-\x2b\x2d-\x7e]+$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface ClientFirst {
  /** `n`: no channel binding; `y`: the client could, but believes that the server cannot; `p=…`: bound. */
  binding: string;
  /** Everything up to the bare message: what the client repeats, in base64, in its final message. */
  gs2Header: string;
  bare: string;
  nonce: string;
}

/** client-first-message for PostgreSQL, which leaves the user name empty and takes it from the startup packet. */
export function formatClientFirst(binding: string, nonce: string): ClientFirst & { text: string } {
  const gs2Header = `${binding},,`;
  const bare = `n=,r=${nonce}`;
  return { binding, gs2Header, bare, nonce, text: `${gs2Header}${bare}` };
}

export function parseClientFirst(text: string): ClientFirst {
  const [binding, authorizationId, user, nonceField, ...extensions] = text.split(',');
  if (binding === undefined || !/^(?:n|y|p=[A-Za-z0-9.-]+)$/.test(binding)) fail('GS2 flag');
  // RFC 5801: another identity to act as. A gateway decides that by the startup packet alone.
  if (authorizationId !== '') fail('authorization identity');
  if (user === undefined || !user.startsWith('n=')) fail('user name');
  const nonce = parseNonce(nonceField);
  if (extensions.some((extension) => !/^[A-Za-z]=/.test(extension) || extension.startsWith('m=')))
    fail('extension');
  const gs2Header = `${binding},,`;
  return { binding, gs2Header, bare: text.slice(gs2Header.length), nonce };
}

export interface ServerFirst {
  /** The client's nonce with the server's behind it. */
  nonce: string;
  salt: Buffer;
  iterations: number;
}

export function formatServerFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
}

export function parseServerFirst(text: string): ServerFirst {
  const [nonceField, saltField, iterationsField, ...extensions] = text.split(',');
  const nonce = parseNonce(nonceField);
  const salt = parseBase64('s=', saltField, maxSalt);
  if (salt.length === 0) fail('salt');
  if (iterationsField === undefined || !/^i=[1-9][0-9]{0,9}$/.test(iterationsField)) fail('iteration count');
  if (extensions.some((extension) => !/^[A-Za-z]=/.test(extension) || extension.startsWith('m=')))
    fail('extension');
  return { nonce, salt, iterations: Number(iterationsField.slice(2)) };
}

export interface ClientFinal {
  /** GS2 header and, for `p`, the binding data behind it. */
  channelBinding: Buffer;
  nonce: string;
  proof: Buffer;
  /** The message without its proof: the last part of the AuthMessage. */
  withoutProof: string;
}

export function formatClientFinal(channelBinding: Uint8Array, nonce: string): string {
  return `c=${Buffer.from(channelBinding).toString('base64')},r=${nonce}`;
}

export function parseClientFinal(text: string): ClientFinal {
  const fields = text.split(',');
  const [bindingField, nonceField, ...others] = fields;
  const proofField = others.pop();
  const channelBinding = parseBase64('c=', bindingField, maxScramMessage);
  const nonce = parseNonce(nonceField);
  if (others.some((extension) => !/^[A-Za-z]=/.test(extension) || extension.startsWith('m=')))
    fail('extension');
  const proof = parseBase64('p=', proofField, maxScramMessage);
  return { channelBinding, nonce, proof, withoutProof: fields.slice(0, -1).join(',') };
}

export function formatServerFinal(signature: Uint8Array): string {
  return `v=${Buffer.from(signature).toString('base64')}`;
}

export function parseServerFinal(text: string): { signature: Buffer } {
  const [signatureField] = text.split(',');
  return { signature: parseBase64('v=', signatureField, maxScramMessage) };
}

function parseNonce(field: string | undefined): string {
  if (field === undefined || !field.startsWith('r=')) fail('nonce');
  const nonce = field.slice(2);
  if (nonce.length > maxNonce || !printable.test(nonce)) fail('nonce');
  return nonce;
}

function parseBase64(prefix: string, field: string | undefined, maxLength: number): Buffer {
  if (field === undefined || !field.startsWith(prefix)) fail(`field ${prefix}`);
  const text = field.slice(prefix.length);
  if (text.length > maxLength || !base64.test(text)) fail(`field ${prefix}`);
  return Buffer.from(text, 'base64');
}

function fail(what: string): never {
  throw new ProtocolError(`a SCRAM message has no valid ${what}`);
}
