import { commands } from './commands.ts';

/**
 * What may stand between words: blanks, comments, and the marks of comments that servers execute, in which the mysql
 * client hides a word from old servers. Alternatives begin differently, so that none is tried twice.
 */
const gap = String.raw`(?:\s|--[ \t][^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*M?!\d*|\*/|/\*(?!M?!)(?:[^*]|\*(?!/))*\*/)`;

/**
 * "KILL" as clients write it, on Ctrl-C above all. MariaDB's `KILL QUERY ID` takes the number of a query, which is nothing
 * of ours. https://dev.mysql.com/doc/refman/8.4/en/kill.html, https://mariadb.com/kb/en/kill/
 */
const kill = new RegExp(
  `^(${gap}*KILL${gap}+(?:(?:HARD|SOFT)${gap}+)?(?:(?:CONNECTION|QUERY)${gap}+)?)` +
    String.raw`(\d{1,10}|\?)(${gap}*(?:;${gap}*)?)$`,
  'i',
);

/** Longer commands are not looked at; traces of requests stand in comments of some hundred bytes. */
export const maxKillLength = 4096;
/** Statements begin with a letter as a rule; these may begin a KILL, or what may stand in front of one. */
const beginnings = new Set(Array.from('kK/#- \t\r\n', (character) => character.charCodeAt(0)));
/** In front of the text where attributes may be: no parameters, one set of them (COM_QUERY). */
const noAttributes = Buffer.from([0x00, 0x01]);

/** Whether a command of this kind and length may hold the id of a thread, and has to be read as a whole. */
export function mayKill(command: number, length: number): boolean {
  switch (command) {
    case commands.query:
    case commands.statementPrepare:
      return length <= maxKillLength;
    case commands.processKill:
      return length === 5;
    default:
      return false;
  }
}

/**
 * Replaces the id of a thread in a command that kills it.
 *
 * @param payload the command's first byte and what follows.
 * @param queryAttributes whether texts of COM_QUERY have attributes in front.
 * @param find the upstream's id for one of ours; undefined for others, which stay as they are.
 * @returns undefined where there is nothing to replace.
 */
export function translateKill(
  payload: Buffer,
  queryAttributes: boolean,
  find: (id: number) => number | undefined,
): Buffer | undefined {
  const command = payload[0];
  if (command === commands.processKill) {
    const id = find(payload.readUInt32LE(1));
    if (id === undefined) return undefined;
    const replaced = Buffer.from(payload);
    replaced.writeUInt32LE(id, 1);
    return replaced;
  }
  const start = command === commands.query && queryAttributes ? 1 + noAttributes.length : 1;
  if (start > 1 && !payload.subarray(1, start).equals(noAttributes)) return undefined;
  const match = matchKill(payload, start);
  const id = match?.[2] === undefined ? undefined : find(Number(match[2]));
  if (match === null || id === undefined) return undefined;
  return Buffer.concat([payload.subarray(0, start), Buffer.from(`${match[1]}${id}${match[3]}`, 'latin1')]);
}

/** Whether a statement that is prepared kills the thread whose id comes with its execution. */
export function killsByParameter(payload: Buffer): boolean {
  return payload[0] === commands.statementPrepare && matchKill(payload, 1)?.[2] === '?';
}

function matchKill(payload: Buffer, start: number): RegExpExecArray | null {
  return beginnings.has(payload[start] ?? 0) ? kill.exec(payload.toString('latin1', start)) : null;
}
