/** The database protocols that gateways speak; `mysql` is MariaDB's too. */
export const protocolNames = ['postgresql', 'mysql', 'sqlserver'] as const;
export type ProtocolName = (typeof protocolNames)[number];
