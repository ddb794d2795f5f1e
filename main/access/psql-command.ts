/** A psql command line for a connection, without any secret: psql asks for the password, which is the token. */
export function psqlCommand(place: {
  host: string;
  port: number;
  username: string;
  database: string;
}): string {
  const parts = { host: place.host, port: String(place.port), user: place.username, dbname: place.database };
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
