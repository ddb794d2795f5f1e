/**
 * Values of D-Bus as they stand on the wire (D-Bus specification 0.43, "Type System" and "Marshaling"). In TypeScript a
 * string, object path or signature is a string, an integer of up to 32 bits and a double a number, one of 64 bits a
 * bigint, an array or struct an array, a dict an array of pairs. A variant is written from a {@link Variant} and read as
 * the value in it.
 */
export interface Variant {
  signature: string;
  value: unknown;
}

/** Bytes by which each type is aligned from the start of the message. */
const alignments: Record<string, number> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
  '{': 8,
};

/** Containers in containers; the specification allows 64 in all. */
const deepest = 64;

/** The complete types that a signature is made of. @throws TypeError for one that is none */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at, 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number, depth: number): number {
  const code = signature[at] ?? '';
  if (depth > deepest || !(code in alignments)) throw new TypeError('no D-Bus signature');
  if (code === 'a') return endOfType(signature, at + 1, depth + 1);
  if (code !== '(' && code !== '{') return at + 1;
  const close = code === '(' ? ')' : '}';
  // An empty one, which D-Bus has none of, would take no bytes: an array of them never ends.
  if (signature[at + 1] === close) throw new TypeError('no D-Bus signature');
  let next = at + 1;
  while (signature[next] !== close) next = endOfType(signature, next, depth + 1);
  return next + 1;
}

function alignmentOf(type: string): number {
  return alignments[type[0] ?? ''] ?? 1;
}

/** Little endian, from offset 0 of a message. @throws TypeError where a value does not fit its type */
export class DBusWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;

  align(to: number): void {
    const missing = (to - (this.#length % to)) % to;
    if (missing > 0) this.#push(Buffer.alloc(missing));
  }

  write(type: string, value: unknown): void {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case 'y':
        return this.#push(Buffer.from([Number(value)]));
      case 'b':
        return this.#number(4, (to) => to.writeUInt32LE(value === true ? 1 : 0));
      case 'n':
        return this.#number(2, (to) => to.writeInt16LE(Number(value)));
      case 'q':
        return this.#number(2, (to) => to.writeUInt16LE(Number(value)));
      case 'i':
        return this.#number(4, (to) => to.writeInt32LE(Number(value)));
      case 'u':
        return this.#number(4, (to) => to.writeUInt32LE(Number(value)));
      case 'x':
        return this.#number(8, (to) => to.writeBigInt64LE(BigInt(value as bigint)));
      case 't':
        return this.#number(8, (to) => to.writeBigUInt64LE(BigInt(value as bigint)));
      case 'd':
        return this.#number(8, (to) => to.writeDoubleLE(Number(value)));
      case 's':
      case 'o': {
        const bytes = textBytes(value);
        this.#number(4, (to) => to.writeUInt32LE(bytes.length));
        return this.#push(Buffer.concat([bytes, Buffer.from([0])]));
      }
      case 'g': {
        const bytes = textBytes(value);
        return this.#push(Buffer.concat([Buffer.from([bytes.length]), bytes, Buffer.from([0])]));
      }
      case 'v': {
        const { signature, value: inner } = value as Variant;
        this.write('g', signature);
        return this.write(signature, inner);
      }
      case 'a':
        return this.#array(type.slice(1), value as unknown[]);
      default: {
        const values = value as unknown[];
        for (const [index, part] of typesOf(type.slice(1, -1)).entries()) this.write(part, values[index]);
      }
    }
  }

  #array(type: string, values: readonly unknown[]): void {
    const length = Buffer.alloc(4);
    this.#push(length);
    // The length counts from the first element, after the padding that brings it to its place.
    this.align(alignmentOf(type));
    const start = this.#length;
    for (const value of values) this.write(type, value);
    length.writeUInt32LE(this.#length - start);
  }

  #number(size: number, write: (to: Buffer) => unknown): void {
    const bytes = Buffer.alloc(size);
    write(bytes);
    this.#push(bytes);
  }

  #push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function textBytes(value: unknown): Buffer {
  if (typeof value !== 'string' || value.includes('\0')) throw new TypeError('no D-Bus string');
  return Buffer.from(value, 'utf8');
}

/** From offset 0 of a message, in its byte order. @throws RangeError or TypeError where the bytes are no such values */
export class DBusReader {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  #at: number;

  constructor(bytes: Buffer, littleEndian: boolean, at = 0) {
    this.#bytes = bytes;
    this.#little = littleEndian;
    this.#at = at;
  }

  align(to: number): void {
    this.#at += (to - (this.#at % to)) % to;
  }

  read(type: string, depth = 0): unknown {
    if (depth > deepest) throw new RangeError('D-Bus values nested too deep');
    this.align(alignmentOf(type));
    const bytes = this.#bytes;
    const little = this.#little;
    switch (type[0]) {
      case 'y':
        return bytes.readUInt8(this.#take(1));
      case 'b':
        return this.#uint32() !== 0;
      case 'n':
        return little ? bytes.readInt16LE(this.#take(2)) : bytes.readInt16BE(this.#take(2));
      case 'q':
        return little ? bytes.readUInt16LE(this.#take(2)) : bytes.readUInt16BE(this.#take(2));
      case 'i':
        return little ? bytes.readInt32LE(this.#take(4)) : bytes.readInt32BE(this.#take(4));
      case 'u':
        return this.#uint32();
      case 'x':
        return little ? bytes.readBigInt64LE(this.#take(8)) : bytes.readBigInt64BE(this.#take(8));
      case 't':
        return little ? bytes.readBigUInt64LE(this.#take(8)) : bytes.readBigUInt64BE(this.#take(8));
      case 'd':
        return little ? bytes.readDoubleLE(this.#take(8)) : bytes.readDoubleBE(this.#take(8));
      case 's':
      case 'o':
        return this.#text(this.#uint32());
      case 'g':
        return this.#text(bytes.readUInt8(this.#take(1)));
      case 'v': {
        const [inner = '', ...more] = typesOf(this.read('g') as string);
        if (inner === '' || more.length > 0) throw new TypeError('a D-Bus variant holds one value');
        return this.read(inner, depth + 1);
      }
      case 'a':
        return this.#array(type.slice(1), depth);
      default:
        return typesOf(type.slice(1, -1)).map((part) => this.read(part, depth + 1));
    }
  }

  #array(type: string, depth: number): unknown[] {
    const length = this.#uint32();
    this.align(alignmentOf(type));
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a D-Bus array ends outside its message');
    const values: unknown[] = [];
    while (this.#at < end) values.push(this.read(type, depth + 1));
    return values;
  }

  #uint32(): number {
    return this.#little ? this.#bytes.readUInt32LE(this.#take(4)) : this.#bytes.readUInt32BE(this.#take(4));
  }

  #text(length: number): string {
    const start = this.#take(length + 1);
    if (start + length >= this.#bytes.length) throw new RangeError('a D-Bus string ends outside its message');
    return this.#bytes.toString('utf8', start, start + length);
  }

  #take(size: number): number {
    const at = this.#at;
    this.#at += size;
    return at;
  }
}
