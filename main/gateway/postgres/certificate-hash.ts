import { createHash } from 'node:crypto';

/**
 * Hash of a server certificate for the channel binding `tls-server-end-point`: RFC 5929 section 4.1. The hash is the
 * one of the certificate's own signature, but SHA-256 for MD5 and SHA-1.
 *
 * @param der the certificate, X.509 in DER.
 * @returns undefined where the signature has no one hash (Ed25519, say) or the bytes are no certificate: then there is
 * no such binding.
 */
export function certificateHash(der: Uint8Array): Buffer | undefined {
  const algorithm = signatureAlgorithm(Buffer.from(der));
  const name = algorithm === undefined ? undefined : hashName(algorithm);
  return name === undefined ? undefined : createHash(name).update(der).digest();
}

/** Signature algorithms by object identifier in hexadecimal: RFC 8017 appendix A.2, RFC 5758 section 3.2. */
const signatureHashes: Record<string, string> = {
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
const rsaPss = '2a864886f70d01010a';
/** Hash algorithms that RSASSA-PSS names in its parameters: RFC 5754 section 2; without one it is SHA-1. */
const hashes: Record<string, string> = {
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};

const tags = { sequence: 0x30, objectIdentifier: 0x06, context0: 0xa0 };

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }: RFC 5280 section 4.1. */
function signatureAlgorithm(der: Buffer): Buffer | undefined {
  const certificate = element(der, tags.sequence)?.content;
  const toBeSigned = certificate && element(certificate, tags.sequence);
  return toBeSigned && element(toBeSigned.rest, tags.sequence)?.content;
}

/** AlgorithmIdentifier ::= SEQUENCE { algorithm, parameters }: RFC 5280 section 4.1.1.2. */
function hashName(algorithmIdentifier: Buffer): string | undefined {
  const algorithm = element(algorithmIdentifier, tags.objectIdentifier);
  const identifier = algorithm?.content.toString('hex') ?? '';
  if (algorithm === undefined || identifier !== rsaPss) return signatureHashes[identifier];
  const parameters = element(algorithm.rest, tags.sequence)?.content;
  const tagged = parameters && element(parameters, tags.context0)?.content;
  if (tagged === undefined) return 'sha256';
  const hash = element(tagged, tags.sequence)?.content;
  return hashes[(hash && element(hash, tags.objectIdentifier)?.content.toString('hex')) ?? ''];
}

/** Reads one DER element of the wanted tag; undefined where there is none. */
function element(bytes: Buffer, tag: number): { content: Buffer; rest: Buffer } | undefined {
  const first = bytes[1];
  if (bytes[0] !== tag || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 3 || bytes.length < 2 + lengthBytes || first === 0x80) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (bytes.length < start + length) return undefined;
  return { content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}
