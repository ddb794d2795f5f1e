import type { ProtocolName } from '../../main/contract/protocols.ts';

/** What people call the protocol of a connection. */
export const protocolTitles: Record<ProtocolName, string> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL/MariaDB',
  sqlserver: 'SQL Server',
};
