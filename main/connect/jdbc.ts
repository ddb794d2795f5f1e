import { allProtocols, pasteHandle, programs } from './common.ts';
import {
  plainUrlPath,
  plainUrlValue,
  sqlServerUrlValue,
  urlComponent,
  urlHost,
  urlParameters,
} from './escape.ts';
import { libpqTls } from './libpq.ts';
import type { Place, Tool } from './types.ts';

export type JdbcDriver = 'postgresql' | 'mariadb' | 'mysql' | 'mssql' | 'jtds';

/**
 * A JDBC URL without user and password, with TLS as the gateway has it: for PostgreSQL and MySQL checked where the
 * authority is known; for SQL Server only where a client demands it.
 * Sources: pgJDBC "Connecting to the Database"; MariaDB Connector/J "About"; MySQL Connector/J "Connection URL
 * Syntax"; Microsoft JDBC "Building the connection URL"; jTDS FAQ.
 */
export function jdbcUrl(place: Place, driver: JdbcDriver): string {
  const { port, database, authorityFile } = place;
  const address = `${urlHost(place.host)}:${port}`;
  switch (driver) {
    case 'postgresql':
      return `jdbc:postgresql://${address}/${urlComponent(database)}?${urlParameters(libpqTls(place))}`;
    case 'mariadb': {
      // Version 2 knows useSsl only; both ask for the same.
      const tls =
        authorityFile === undefined
          ? ''
          : `?useSsl=true&sslMode=verify-full&serverSslCert=${plainUrlPath(authorityFile)}`;
      return `jdbc:mariadb://${address}/${plainUrlValue(database)}${tls}`;
    }
    case 'mysql':
      return `jdbc:mysql://${address}/${urlComponent(database)}?sslMode=PREFERRED`;
    case 'mssql': {
      // The driver takes an IPv6 address only as a property.
      const server = place.host.includes(':')
        ? `jdbc:sqlserver://;serverName=${sqlServerUrlValue(place.host)};portNumber=${port}`
        : `jdbc:sqlserver://${address}`;
      return `${server};databaseName=${sqlServerUrlValue(database)};encrypt=${place.requireTls === true}`;
    }
    case 'jtds':
      return `jdbc:jtds:sqlserver://${address}/${plainUrlValue(database)};ssl=${place.requireTls === true ? 'authenticate' : 'off'}`;
  }
}

const labels: Record<JdbcDriver, string> = {
  postgresql: 'PostgreSQL (pgJDBC)',
  mariadb: 'MariaDB Connector/J',
  mysql: 'MySQL Connector/J',
  mssql: 'Microsoft JDBC Driver for SQL Server',
  jtds: 'jTDS',
};

export const jdbcDrivers: Record<Place['protocol'], JdbcDriver[]> = {
  postgresql: ['postgresql'],
  mysql: ['mariadb', 'mysql'],
  sqlserver: ['mssql', 'jtds'],
};

export const jdbc: Tool = {
  id: 'jdbc',
  title: 'JDBC: DbVisualizer, SQuirreL, SQL Workbench/J, Java programs',
  protocols: allProtocols,
  needs: 'handle',
  programs: programs([], [], []),
  settings(place) {
    return {
      steps: [
        'Use the URL of the driver that the program has, and enter user and password in their own fields.',
        pasteHandle,
      ],
      texts: jdbcDrivers[place.protocol].map((driver) => ({
        label: labels[driver],
        language: 'text',
        text: jdbcUrl(place, driver),
      })),
    };
  },
};
