/** The database protocols that gateways speak; `mysql` is MariaDB's too. */
export const protocolNames = ['postgresql', 'mysql', 'sqlserver'] as const;
export type ProtocolName = (typeof protocolNames)[number];

/**
 * Databases that every server of the kind has and that each session can reach by a statement (`USE`, three-part names).
 * Keeping them from a login would keep nobody out, and stop tools that begin there: the server decides about them.
 */
const systemDatabases: Record<ProtocolName, readonly string[]> = {
  postgresql: [],
  mysql: ['information_schema', 'mysql', 'performance_schema', 'sys'],
  sqlserver: ['master', 'msdb', 'tempdb'],
};

export function isSystemDatabase(protocol: ProtocolName, name: string): boolean {
  return systemDatabase(protocol, name) !== undefined;
}

/** How the server itself spells it; undefined for any other database. */
export function systemDatabase(protocol: ProtocolName, name: string): string | undefined {
  const folded = name.toLowerCase();
  return systemDatabases[protocol].includes(folded) ? folded : undefined;
}

/** MySQL knows this one by any case, whatever its lower_case_table_names: "Identifier Case Sensitivity". */
export function isInformationSchema(protocol: ProtocolName, name: string): boolean {
  return protocol === 'mysql' && name.toLowerCase() === 'information_schema';
}
