import { old } from './tds-server-tokens.ts';

/** A row of a bulk load: whole numbers and texts are what the stand-in takes. */
export type LoadedRow = (number | string | null)[];

/** Bulk Load BCP: [MS-TDS] 2.2.6.1, which is COLMETADATA, rows and DONE as a server would send them. */
export function parseBulkLoad(payload: Buffer, version: number): LoadedRow[] {
  let at = 0;
  const byte = (): number => payload.readUInt8(at++);
  const short = (): number => payload.readUInt16LE((at += 2) - 2);
  const take = (length: number): Buffer => payload.subarray(at, (at += length));

  if (byte() !== 0x81) throw new Error('no COLMETADATA');
  const kinds = Array.from({ length: short() }, () => {
    take((old(version) ? 2 : 4) + 2);
    const type = byte();
    if (type === 0x26) byte();
    else if (type === 0xe7) take(7);
    else throw new Error(`the stand-in does not load the type 0x${type.toString(16)}`);
    take(byte() * 2);
    return type;
  });
  const rows: LoadedRow[] = [];
  for (let token = byte(); token === 0xd1; token = byte()) {
    rows.push(
      kinds.map((type) => {
        if (type === 0x26) {
          const length = byte();
          return length === 0 ? null : take(length).readIntLE(0, length);
        }
        const length = short();
        return length === 0xffff ? null : take(length).toString('utf16le');
      }),
    );
  }
  return rows;
}
