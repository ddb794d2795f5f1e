import type { ProtocolName } from '../contract/protocols.ts';

export interface CommandPlace {
  host: string;
  port: number;
  username: string;
  database: string;
}

/** A command line of the protocol's own client, without any secret: it asks for the password, which is the token. */
export function clientCommand(protocol: ProtocolName, place: CommandPlace): string {
  const { host, port, username, database } = place;
  switch (protocol) {
    case 'postgresql':
      return psqlCommand(place);
    case 'mysql':
      return `mysql --host=${host} --port=${port} --user=${shellWord(username)} --password ${shellWord(database)}`;
    case 'sqlserver':
      return `sqlcmd -S tcp:${host},${port} -U ${shellWord(username)} -d ${shellWord(database)}`;
  }
}

/** A word of a POSIX shell; Windows' cmd takes the unquoted form, which plain names have. */
function shellWord(value: string): string {
  if (/^[\w.@:/-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["$`\\]/g, String.raw`\$&`)}"`;
}

function psqlCommand({ host, port, username, database }: CommandPlace): string {
  const parts = { host, port: String(port), user: username, dbname: database };
  const text = Object.entries(parts)
    .map(([key, value]) => `${key}=${conninfoValue(value)}`)
    .join(' ');
  return `psql "${text}"`;
}

/**
 * A value of a libpq connection string (PostgreSQL docs, "Keyword/Value Connection Strings") inside double quotes of a
 * shell: what either would read as more than text is escaped.
 */
function conninfoValue(value: string): string {
  if (/^[\w.@:/-]+$/.test(value)) return value;
  const quoted = `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  return quoted.replaceAll(/["$`\\]/g, String.raw`\$&`);
}
