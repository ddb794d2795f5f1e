/** What the stand-in for SQL Server reads in PRELOGIN and LOGIN7. Written apart from the gateway's own codecs. */

export interface SeenLogin {
  version: number;
  packetSize: number;
  user: string;
  password: string;
  host: string;
  program: string;
  server: string;
  library: string;
  language: string;
  database: string;
  /** SSPI, change of password, user instance and the rest, as they came: OptionFlags1 to 3 and TypeFlags. */
  flags: number[];
  features: Map<number, Buffer>;
  /** From the FEDAUTH feature. */
  token: string | undefined;
  /** bFedAuthLibrary and fFedAuthEcho. */
  library7AndEcho: [number, number] | undefined;
  nonce: Buffer | undefined;
  /** Whether it came inside TLS. */
  encrypted: boolean;
  /** The name asked for in TLS (SNI). */
  tlsName: string | false | null;
  /** What ALPN agreed on. */
  protocol: string | false | null;
  prelogin: Map<number, Buffer> | undefined;
}

export function readPrelogin(payload: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; payload.readUInt8(at) !== 0xff; at += 5) {
    const start = payload.readUInt16BE(at + 1);
    options.set(payload.readUInt8(at), payload.subarray(start, start + payload.readUInt16BE(at + 3)));
  }
  return options;
}

export function preloginAnswer(options: Record<number, Buffer>): Buffer {
  const entries = Object.entries(options);
  const index = Buffer.alloc(entries.length * 5 + 1, 0xff);
  let start = index.length;
  for (const [number, [token, data]] of entries.entries()) {
    index.writeUInt8(Number(token), number * 5);
    index.writeUInt16BE(start, number * 5 + 1);
    index.writeUInt16BE(data.length, number * 5 + 3);
    start += data.length;
  }
  return Buffer.concat([index, ...entries.map(([, data]) => data)]);
}

type FromLogin7 = Omit<SeenLogin, 'encrypted' | 'tlsName' | 'protocol' | 'prelogin'>;

export function readLogin7(message: Buffer): FromLogin7 {
  if (message.readUInt32LE(0) !== message.length) throw new Error('LOGIN7 has another length than it says');
  const text = (entry: number): string => {
    const start = message.readUInt16LE(entry);
    return message.toString('utf16le', start, start + message.readUInt16LE(entry + 2) * 2);
  };
  const passwordStart = message.readUInt16LE(44);
  const hidden = message.subarray(passwordStart, passwordStart + message.readUInt16LE(46) * 2);
  const password = Buffer.from(
    hidden.map((byte) => (((byte ^ 0xa5) & 0x0f) << 4) | ((byte ^ 0xa5) >> 4)),
  ).toString('utf16le');
  const features = new Map<number, Buffer>();
  if ((message.readUInt8(27) & 0x10) !== 0 && message.readUInt16LE(58) === 4) {
    let at = message.readUInt32LE(message.readUInt16LE(56));
    while (message.readUInt8(at) !== 0xff) {
      const length = message.readUInt32LE(at + 1);
      features.set(message.readUInt8(at), message.subarray(at + 5, at + 5 + length));
      at += 5 + length;
    }
  }
  const federated = features.get(2);
  const tokenLength = federated?.readUInt32LE(1) ?? 0;
  return {
    version: message.readUInt32LE(4),
    packetSize: message.readUInt32LE(8),
    user: text(40),
    password,
    host: text(36),
    program: text(48),
    server: text(52),
    library: text(60),
    language: text(64),
    database: text(68),
    flags: [...message.subarray(24, 28)],
    features,
    token: federated?.toString('utf16le', 5, 5 + tokenLength),
    library7AndEcho:
      federated === undefined ? undefined : [federated.readUInt8(0) >> 1, federated.readUInt8(0) & 1],
    nonce: federated?.subarray(5 + tokenLength),
  };
}
