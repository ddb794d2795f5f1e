import { commands } from './commands.ts';

/**
 * "KILL" as clients write it, on Ctrl-C above all (the mysql client hides a word from old servers in a comment). MariaDB's
 * `KILL QUERY ID` takes the number of a query, which is nothing of ours.
 * https://dev.mysql.com/doc/refman/8.4/en/kill.html, https://mariadb.com/kb/en/kill/
 */
const kill =
  /^(\s*KILL\s+(?:(?:HARD|SOFT)\s+)?(?:(?:CONNECTION|QUERY|\/\*!\d+\s+(?:CONNECTION|QUERY)\s*\*\/)\s+)?)(\d{1,10})(\s*;?\s*)$/i;

/** Longer commands are not looked at. */
export const maxKillLength = 128;
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
  const attributes = command === commands.query && queryAttributes ? noAttributes : Buffer.alloc(0);
  const start = 1 + attributes.length;
  if (!payload.subarray(1, start).equals(attributes)) return undefined;
  const match = kill.exec(payload.toString('latin1', start));
  const id = match?.[2] === undefined ? undefined : find(Number(match[2]));
  if (match === null || id === undefined) return undefined;
  return Buffer.concat([payload.subarray(0, start), Buffer.from(`${match[1]}${id}${match[3]}`, 'latin1')]);
}
