/**
 * The character set that a client announces at login as the number of a collation: "Character Set" in
 * Protocol::HandshakeResponse41, numbers as in information_schema.COLLATIONS. Names in the login are written in it.
 *
 * Under each encoding of the Encoding Standard (https://encoding.spec.whatwg.org/#names-and-labels) the numbers of the
 * character sets that are the same, or are for all that names are made of. MySQL's latin1 is Windows-1252.
 */
const numbers: Record<string, readonly number[]> = {
  'windows-1252': [5, 8, 11, 15, 31, 47, 48, 49, 65, 94],
  'iso-8859-2': [2, 9, 21, 27, 77],
  'iso-8859-7': [25, 70],
  'iso-8859-8': [16, 71],
  'windows-1254': [30, 78],
  'iso-8859-13': [20, 41, 42, 79],
  'windows-1250': [26, 34, 44, 66, 99],
  'windows-1251': [14, 23, 50, 51, 52],
  'windows-1256': [57, 67],
  'windows-1257': [29, 58, 59],
  'windows-874': [18, 89],
  ibm866: [36, 68],
  'koi8-r': [7, 74],
  'koi8-u': [22, 75],
  macintosh: [39, 53],
  big5: [1, 84],
  gbk: [24, 28, 86, 87],
  gb18030: [248, 249, 250],
  shift_jis: [13, 88, 95, 96],
  'euc-jp': [12, 91, 97, 98],
  'euc-kr': [19, 85],
};
/** utf8mb4_general_ci, which all servers know. */
export const utf8mb4 = 45;

const encodings = new Map(
  Object.entries(numbers).flatMap(([encoding, ids]) => ids.map((id) => [id, encoding] as const)),
);

/**
 * Names as text. All that is not in the table is read as UTF-8: that, what begins as ASCII does, and the sets that servers
 * refuse at login (UCS-2 and the like).
 */
export function decodeName(bytes: Uint8Array, charset: number): string {
  const encoding = encodings.get(charset);
  return encoding === undefined ? Buffer.from(bytes).toString() : new TextDecoder(encoding).decode(bytes);
}

/**
 * The other way, for names that the configuration has. There is no encoder in JavaScript but for UTF-8, so that what is not
 * ASCII is looked for among all that one or two bytes can mean.
 * @returns undefined where the character set has not got all the characters.
 */
export function encodeName(text: string, charset: number): Buffer | undefined {
  const encoding = encodings.get(charset);
  if (encoding === undefined || isAscii(text)) return Buffer.from(text);
  const table = bytesIn(encoding);
  const parts = Array.from(text, (character) => table.get(character));
  return parts.includes(undefined) ? undefined : Buffer.concat(parts as Buffer[]);
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

const tables = new Map<string, Map<string, Buffer>>();

function bytesIn(encoding: string): Map<string, Buffer> {
  const known = tables.get(encoding);
  if (known !== undefined) return known;
  const table = new Map<string, Buffer>();
  const decoder = new TextDecoder(encoding, { fatal: true });
  const add = (...bytes: number[]): void => {
    try {
      const text = decoder.decode(Uint8Array.from(bytes));
      if (Array.from(text).length === 1 && !table.has(text)) table.set(text, Buffer.from(bytes));
    } catch {
      // Not a whole character.
    }
  };
  for (let first = 0; first < 256; first += 1) add(first);
  if (isTwoBytes.has(encoding))
    for (let first = 0x81; first < 0xff; first += 1)
      for (let second = 0x40; second < 0xff; second += 1) add(first, second);
  tables.set(encoding, table);
  return table;
}

const isTwoBytes = new Set(['big5', 'gbk', 'gb18030', 'shift_jis', 'euc-jp', 'euc-kr']);
