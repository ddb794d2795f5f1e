/**
 * "Capabilities Flags" (https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html).
 * Values are unsigned 32-bit numbers; combine them with {@link both} and {@link without}, as JavaScript's operators give
 * signed ones.
 */
export const capabilities = {
  /** Set by MySQL, never by MariaDB, which has its extended capabilities in fields that are reserved elsewhere. */
  longPassword: 1,
  connectWithDatabase: 2 ** 3,
  compress: 2 ** 5,
  localFiles: 2 ** 7,
  protocol41: 2 ** 9,
  ssl: 2 ** 11,
  secureConnection: 2 ** 15,
  pluginAuth: 2 ** 19,
  connectAttributes: 2 ** 20,
  pluginAuthLengthEncoded: 2 ** 21,
  expiredPasswords: 2 ** 22,
  sessionTrack: 2 ** 23,
  deprecateEof: 2 ** 24,
  optionalMetadata: 2 ** 25,
  zstd: 2 ** 26,
  queryAttributes: 2 ** 27,
  multiFactor: 2 ** 28,
  extension: 2 ** 29,
} as const;

/**
 * MariaDB's extended capabilities, bits 32 and up of its 64, counted from 0 here
 * (https://mariadb.com/kb/en/connection/#capabilities).
 */
export const extendedCapabilities = {
  progress: 1,
  bulkOperations: 4,
  extendedMetadata: 8,
  cacheMetadata: 16,
  bulkUnitResults: 32,
} as const;

/** What both sides of a connection have agreed upon. */
export interface Capabilities {
  flags: number;
  /** MariaDB's; 0 elsewhere. */
  extended: number;
}

/**
 * What is never offered to a client: what would make the bytes unreadable here (compression, bits of the future), what
 * changes answers in a way that is not followed, and what would let a client change the upstream's expired password.
 */
const neverOffered =
  capabilities.compress +
  capabilities.zstd +
  capabilities.optionalMetadata +
  capabilities.expiredPasswords +
  capabilities.multiFactor +
  capabilities.extension +
  capabilities.ssl;

const extendedOffered = Object.values(extendedCapabilities).reduce((sum, flag) => sum + flag, 0);

/** Flags that say how the login itself is written: each side of the gateway has its own. */
const loginOnly =
  capabilities.connectWithDatabase +
  capabilities.ssl +
  capabilities.secureConnection +
  capabilities.pluginAuth +
  capabilities.connectAttributes +
  capabilities.pluginAuthLengthEncoded;

export function has(flags: number, flag: number): boolean {
  return (flags & flag) >>> 0 === flag;
}

export function both(flags: number, others: number): number {
  return (flags & others) >>> 0;
}

export function without(flags: number, others: number): number {
  return (flags & ~others) >>> 0;
}

function add(flags: number, others: number): number {
  return (flags | others) >>> 0;
}

/** What a client is offered in front of a server that offers this. */
export function offeredToClient(
  server: Capabilities,
  own: { tls: boolean; localInfile: boolean },
): Capabilities {
  const removed = add(neverOffered, own.localInfile ? 0 : capabilities.localFiles);
  const login = without(loginOnly, capabilities.ssl);
  const flags = add(without(server.flags, removed), add(login, own.tls ? capabilities.ssl : 0));
  return { flags, extended: both(server.extended, extendedOffered) };
}

/** What client and gateway have agreed upon, of the flags that decide how the session's bytes look. */
export function agreed(offered: Capabilities, client: Capabilities): Capabilities {
  return {
    flags: without(both(offered.flags, client.flags), loginOnly),
    extended: both(offered.extended, client.extended),
  };
}

/** What was agreed upon with a client, which knew the server by an older greeting, and is not to be had of this one. */
export function lacking(server: Capabilities, session: Capabilities): Capabilities {
  return {
    flags: without(session.flags, server.flags),
    extended: (session.extended & ~server.extended) >>> 0,
  };
}

/** Whether the server can keep all of it. */
export function canKeep(server: Capabilities, session: Capabilities): boolean {
  const { flags, extended } = lacking(server, session);
  return flags === 0 && extended === 0;
}

/** Of two sets of capabilities all. */
export function together(one: Capabilities, other: Capabilities): Capabilities {
  return { flags: add(one.flags, other.flags), extended: (one.extended | other.extended) >>> 0 };
}

/** What is left of a server's capabilities; it stays a server of its make. */
export function reduced(server: Capabilities, missing: Capabilities): Capabilities {
  const { flags, extended } = missing;
  return {
    flags: without(server.flags, without(flags, capabilities.longPassword)),
    extended: (server.extended & ~extended) >>> 0,
  };
}

/** The flags of a login upstream: those of the session, and those of the login that the server knows. */
export function loginFlags(
  server: Capabilities,
  session: Capabilities,
  own: { database: boolean; tls: boolean },
): number {
  const unused = (own.database ? 0 : capabilities.connectWithDatabase) + (own.tls ? 0 : capabilities.ssl);
  return add(session.flags, both(without(loginOnly, unused), server.flags));
}
