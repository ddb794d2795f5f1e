import { old } from './tds-server-tokens.ts';

/** A remote procedure call as drivers send it: [MS-TDS] 2.2.6.6, with the types that tedious and FreeTDS use. */
export interface Call {
  /** Number of the well-known procedure: 10 sp_executesql, 11 sp_prepare, 12 sp_execute, 13 sp_prepexec, 15 sp_unprepare. */
  procedure: number;
  /** Of others. */
  name: string;
  parameters: { name: string; value: number | string | null }[];
}

const procedures: Record<string, number> = {
  sp_executesql: 10,
  sp_prepare: 11,
  sp_execute: 12,
  sp_prepexec: 13,
  sp_unprepare: 15,
};

export function withoutHeaders(payload: Buffer, version: number): Buffer {
  return old(version) ? payload : payload.subarray(payload.readUInt32LE(0));
}

export function parseCall(payload: Buffer, version: number): Call {
  const body = withoutHeaders(payload, version);
  let at = 0;
  const byte = (): number => body.readUInt8(at++);
  const short = (): number => body.readUInt16LE((at += 2) - 2);
  const int = (): number => body.readInt32LE((at += 4) - 4);
  const take = (length: number): Buffer => body.subarray(at, (at += length));
  const name = (length: number): string => take(length * 2).toString('utf16le');

  const nameLength = short();
  const called = nameLength === 0xffff ? '' : name(nameLength).toLowerCase();
  const procedure = nameLength === 0xffff ? short() : (procedures[called] ?? 0);
  short();
  const parameters: Call['parameters'] = [];
  while (at < body.length) {
    const parameter = name(byte());
    byte();
    parameters.push({ name: parameter, value: readValue() });
  }
  return { procedure, name: called, parameters };

  function readValue(): number | string | null {
    const type = byte();
    switch (type) {
      // INTN, BITN
      case 0x26:
      case 0x68: {
        byte();
        const length = byte();
        return length === 0 ? null : take(length).readIntLE(0, Math.min(length, 6));
      }
      // NVARCHAR, NCHAR, BIGVARCHAR, BIGCHAR
      case 0xe7:
      case 0xef:
      case 0xa7:
      case 0xaf: {
        const wide = type === 0xe7 || type === 0xef;
        const longest = short();
        take(5);
        const bytes = longest === 0xffff ? chunks() : sized();
        return bytes === null ? null : bytes.toString(wide ? 'utf16le' : 'latin1');
      }
      // NTEXT
      case 0x63: {
        int();
        take(5);
        const length = int();
        return length < 0 ? null : take(length).toString('utf16le');
      }
      default:
        throw new Error(`the stand-in does not know the type 0x${type.toString(16)}`);
    }
  }
  function sized(): Buffer | null {
    const length = short();
    return length === 0xffff ? null : take(length);
  }
  /** "PLP": 2.2.5.2.3. */
  function chunks(): Buffer | null {
    const total = take(8);
    if (total.every((each) => each === 0xff)) return null;
    const parts: Buffer[] = [];
    for (let length = int(); length !== 0; length = int()) parts.push(take(length));
    return Buffer.concat(parts);
  }
}
