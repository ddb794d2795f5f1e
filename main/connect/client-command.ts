import { shellLine } from './escape.ts';
import { psqlParameters } from './libpq.ts';
import { mysqlParameters } from './mysql.ts';
import { sqlcmdParameters } from './sqlserver.ts';
import type { ProtocolName } from '../contract/protocols.ts';
import { thisSystem } from './tool-programs.ts';

export interface CommandPlace {
  host: string;
  port: number;
  username: string;
  database: string;
  /** Of the gateways' certificates; unknown = not verified. */
  authorityFile?: string;
}

/**
 * A command line of the protocol's own client, without any secret: it asks for the password, which is the token. Its
 * parameters beat what files and variables of the person say, as far as clients allow.
 */
export function clientCommand(
  protocol: ProtocolName,
  place: CommandPlace,
  system: string = thisSystem(),
): string {
  const words = {
    postgresql: () => ['psql', psqlParameters(place, place.host)],
    mysql: () => ['mysql', ...mysqlParameters(place), '--password', place.database],
    sqlserver: () => ['sqlcmd', ...sqlcmdParameters(place)],
  }[protocol]();
  try {
    return shellLine(words, system);
  } catch {
    // For a name that cmd.exe has no safe form for, a line to read, which a person completes.
    return words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' ');
  }
}
