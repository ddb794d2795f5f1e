import { allProtocols, iniFile, nameOf, pasteHandle, programs } from './common.ts';
import { conninfoValue, freetdsUser, odbcIniValue, odbcValue, powerShellText } from './escape.ts';
import { libpqHost, libpqTls } from './libpq.ts';
import { freetdsConf } from './sqlserver.ts';
import {
  mark,
  passwordPlaceholder,
  type Place,
  type Protocol,
  type SettingsFile,
  type SettingsText,
  type System,
  type Tool,
} from './types.ts';

interface Driver {
  title: string;
  /** Names under which installers register it. */
  known: RegExp;
  /** The name where the drivers of the machine are not known. */
  names: Record<System, string>;
  /** Keywords of a data source and of a connection string, apart from user and password. */
  values(place: Place): Record<string, string>;
  /**
   * What a data source has in their place where only a file of the driver's own can name the authority, and that file;
   * undefined where it cannot say it.
   */
  verified?(place: Place): { values: Record<string, string>; file: SettingsFile } | undefined;
  user: string;
  password: string;
  /** Whether the driver takes user and password from odbc.ini. */
  saves: boolean;
  braces: Parameters<typeof odbcValue>[1];
}

const everywhere = (name: string): Driver['names'] => ({ linux: name, darwin: name, win32: name });

/**
 * Keywords: psqlODBC "Configuration options"; MariaDB Connector/ODBC "Parameters"; MySQL Connector/ODBC "Connection
 * Parameters"; FreeTDS User Guide "ODBC Connection Strings"; Microsoft "DSN and Connection String Keywords".
 */
const drivers: Record<Protocol, Driver[]> = {
  postgresql: [
    {
      title: 'psqlODBC',
      known: /^(PostgreSQL Unicode|PostgreSQL|psqlODBC|PostgreSQL ANSI)/,
      names: { ...everywhere('PostgreSQL Unicode'), win32: 'PostgreSQL Unicode(x64)' },
      values: (place) => {
        const { sslmode = '', sslrootcert } = libpqTls(place);
        return {
          Servername: libpqHost(place),
          Port: String(place.port),
          Database: place.database,
          SSLmode: sslmode,
          // What goes on to libpq as it is.
          ...(sslrootcert === undefined ? {} : { pqopt: `sslrootcert=${conninfoValue(sslrootcert)}` }),
        };
      },
      user: 'Username',
      password: 'Password',
      saves: true,
      braces: 'none',
    },
  ],
  mysql: [
    {
      title: 'MariaDB Connector/ODBC',
      known: /^MariaDB/,
      names: { ...everywhere('MariaDB ODBC 3.2 Driver'), linux: 'MariaDB Unicode' },
      values: ({ host, port, database, authorityFile }) => ({
        Server: host,
        Port: String(port),
        Database: database,
        ...(authorityFile === undefined ? {} : { SSLCA: authorityFile, SSLVERIFY: '1' }),
      }),
      user: 'User',
      password: 'Password',
      saves: true,
      braces: 'doubled',
    },
    {
      title: 'MySQL Connector/ODBC',
      known: /^MySQL ODBC .*Unicode/,
      names: everywhere('MySQL ODBC 9.5 Unicode Driver'),
      values: ({ host, port, database, authorityFile }) => ({
        Server: host,
        Port: String(port),
        Database: database,
        ...(authorityFile === undefined
          ? { SSLMODE: 'PREFERRED' }
          : { SSLCA: authorityFile, SSLMODE: 'VERIFY_CA' }),
      }),
      user: 'User',
      password: 'Password',
      saves: true,
      braces: 'doubled',
    },
  ],
  sqlserver: [
    {
      title: 'Microsoft ODBC Driver for SQL Server',
      known: /^ODBC Driver \d+ for SQL Server/,
      names: everywhere('ODBC Driver 18 for SQL Server'),
      // Version 18 demands TLS unless told; the gateway's TLS would need its authority in the system's store.
      values: ({ host, port, database, requireTls }) => ({
        Server: `tcp:${host},${port}`,
        Database: database,
        Encrypt: requireTls === true ? 'yes' : 'no',
        MARS_Connection: 'no',
      }),
      user: 'UID',
      password: 'PWD',
      saves: false,
      braces: 'doubled',
    },
    {
      title: 'FreeTDS',
      known: /^FreeTDS/,
      names: everywhere('FreeTDS'),
      values: ({ host, port, database }) => ({
        Server: host,
        Port: String(port),
        Database: database,
        TDS_Version: '7.4',
        ClientCharset: 'UTF-8',
      }),
      verified: freetdsVerified,
      user: 'UID',
      password: 'PWD',
      saves: false,
      braces: 'simple',
    },
  ],
};

/** FreeTDS checks a certificate only for a server of its own file. */
function freetdsVerified(place: Place): ReturnType<NonNullable<Driver['verified']>> {
  if (place.authorityFile === undefined || place.system === 'win32') return undefined;
  try {
    const values = { Servername: nameOf(place), Database: place.database, ClientCharset: 'UTF-8' };
    return { values, file: freetdsConf(place) };
  } catch {
    // That file has no form for some names.
    return undefined;
  }
}

/** The driver that this machine has, or the first of those that fit, under its usual name. */
function chooseDriver({ protocol, system, odbcDrivers = [] }: Place): {
  driver: Driver;
  name: string;
} {
  for (const driver of drivers[protocol]) {
    const name = odbcDrivers.find((candidate) => driver.known.test(candidate));
    if (name !== undefined) return { driver, name };
  }
  const [first] = drivers[protocol] as [Driver];
  return { driver: first, name: first.names[system] };
}

function connectionString(place: Place, driver: Driver, name: string, password: boolean): string {
  const user = driver.title === 'FreeTDS' ? freetdsUser(place.username) : place.username;
  const values = { Driver: name, ...driver.values(place), UID: user };
  const text = Object.entries(values)
    .map(([key, value]) => `${key}=${key === 'Driver' ? `{${value}}` : odbcValue(value, driver.braces)};`)
    .join('');
  return password ? `${text}PWD=${passwordPlaceholder};` : text;
}

/** A data source of the person's own odbc.ini; Windows keeps them in the registry instead. */
function odbcIni(place: Place, paths: string[]): SettingsFile {
  const { driver, name } = chooseDriver(place);
  const values = {
    Description: `${mark}; changes in here are lost`,
    Driver: name,
    ...(driver.verified?.(place)?.values ?? driver.values(place)),
    ...(driver.saves ? { [driver.user]: place.username } : {}),
  };
  const lines = Object.entries(values).map(
    ([key, value]) => `${key} = ${key === 'Description' ? value : odbcIniValue(value)}`,
  );
  if (driver.saves) lines.push(`${driver.password} = ${passwordPlaceholder}`);
  const section = { name: nameOf(place), lines };
  return iniFile({ paths, variable: 'ODBCINI', secret: driver.saves }, [section], true);
}

/** PowerShell's Add-OdbcDsn makes a data source of the user; a password has no place in one. */
function addDsn(place: Place): SettingsText {
  const { driver, name } = chooseDriver(place);
  const values = Object.entries(driver.values(place)).map(([key, value]) =>
    powerShellText(`${key}=${value}`),
  );
  return {
    label: 'PowerShell',
    language: 'powershell',
    text: `Add-OdbcDsn -Name ${powerShellText(nameOf(place))} -DriverName ${powerShellText(name)} -DsnType User -Platform 64-bit -SetPropertyValue @(${values.join(', ')})`,
  };
}

/** What all programs on ODBC share: the data source of this system. */
export function dataSource(
  place: Place,
  paths: string[],
): { texts: SettingsText[]; files: SettingsFile[]; steps: string[] } {
  const { driver, name } = chooseDriver(place);
  const windows = place.system === 'win32';
  const verified = driver.verified?.(place);
  return {
    steps: [
      `Install the driver "${name}" (${driver.title}), unless it is there already.`,
      windows
        ? `Run the PowerShell line once: it makes the data source "${nameOf(place)}".`
        : `The data source "${nameOf(place)}" goes into your odbc.ini.`,
      ...(verified === undefined
        ? []
        : [`Its server goes into your freetds.conf, with TLS and the authority that it is checked by.`]),
      ...(windows || !driver.saves
        ? [`The data source holds no password. ${pasteHandle}`]
        : ['User and password are in it, so that programs need not ask.']),
    ],
    texts: windows ? [addDsn(place)] : [],
    files: windows ? [] : [odbcIni(place, paths), ...(verified === undefined ? [] : [verified.file])],
  };
}

export const userIni = ['~/.odbc.ini'];

export const odbc: Tool = {
  id: 'odbc',
  title: 'ODBC data source',
  protocols: allProtocols,
  needs: 'handle',
  programs: programs(
    ['isql', 'odbcinst'],
    ['isql', 'odbcinst'],
    ['odbcad32.exe', '%SystemRoot%/System32/odbcad32.exe'],
  ),
  settings(place) {
    const { steps, texts, files } = dataSource(place, userIni);
    return {
      steps: [
        ...steps,
        ...(files.some(({ secret }) => secret) ? [`Try it with: isql -v ${nameOf(place)}`] : []),
        ...(place.protocol === 'sqlserver' && chooseDriver(place).driver.verified?.(place) === undefined
          ? ['To have TLS on loopback too, trust the authority in the system store and write Encrypt=yes.']
          : []),
      ],
      texts: [
        ...texts,
        ...drivers[place.protocol].map((driver) => {
          const chosen = chooseDriver(place);
          const name = chosen.driver === driver ? chosen.name : driver.names[place.system];
          return {
            label: `Connection string without a data source, ${driver.title}`,
            language: 'text',
            text: connectionString(place, driver, name, true),
            secret: true,
          };
        }),
      ],
      files,
    };
  },
};
