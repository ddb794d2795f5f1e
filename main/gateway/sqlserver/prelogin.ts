import { ProtocolError } from '../refused.ts';

/** The first message of either side: [MS-TDS] 2.2.6.5 "PRELOGIN". Pure: bytes in, values out. */
export const preloginOptions = {
  version: 0x00,
  encryption: 0x01,
  instance: 0x02,
  threadId: 0x03,
  mars: 0x04,
  traceId: 0x05,
  fedAuthRequired: 0x06,
  nonce: 0x07,
} as const;

export const encryption = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

/** Option tokens and their data, in the order sent. */
export type Prelogin = Map<number, Buffer>;

/** More than all that is known, with the longest instance name. */
export const maxPrelogin = 4096;
const terminator = 0xff;
const entryLength = 5;

/** @throws ProtocolError for a list without an end, data outside of the message, or an option given twice. */
export function parsePrelogin(payload: Buffer): Prelogin {
  const options: Prelogin = new Map();
  for (let entry = 0; ; entry += entryLength) {
    if (payload[entry] === terminator) return options;
    if (entry + entryLength > payload.length) throw new ProtocolError('its PRELOGIN message has no end');
    const token = payload.readUInt8(entry);
    const offset = payload.readUInt16BE(entry + 1);
    const length = payload.readUInt16BE(entry + 3);
    if (offset + length > payload.length)
      throw new ProtocolError('its PRELOGIN message points outside of itself');
    if (options.has(token)) throw new ProtocolError('its PRELOGIN message gives an option twice');
    options.set(token, payload.subarray(offset, offset + length));
  }
}

export function encodePrelogin(options: Prelogin): Buffer {
  const head: number[] = [];
  let offset = options.size * entryLength + 1;
  for (const [token, { length }] of options) {
    head.push(token, offset >> 8, offset & 0xff, length >> 8, length & 0xff);
    offset += length;
  }
  return Buffer.concat([Buffer.from([...head, terminator]), ...options.values()]);
}

/**
 * What the side wants or allows; undefined where it says nothing. The upper bits are about client certificates and say
 * nothing more on whether there is encryption.
 */
export function encryptionOf(options: Prelogin): number | undefined {
  const data = options.get(preloginOptions.encryption);
  if (data === undefined || data.length === 0) return undefined;
  return data.readUInt8(0) & 0x0f;
}
