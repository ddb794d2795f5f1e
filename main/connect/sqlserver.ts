import { defined } from '../base/defined.ts';
import { clientVariables } from './client-variables.ts';
import {
  fieldsOf,
  inPath,
  iniFile,
  markComment,
  nameOf,
  pasteHandle,
  pathOn,
  programs,
  tokenLine,
} from './common.ts';
import { freetdsUser, freetdsValue, shellLine, urlComponent } from './escape.ts';
import type { Place, Section, SettingsFile, Tool } from './types.ts';

/** Both sqlcmd programs take the password from this variable, so that it stands in no argument. */
const passwordVariable = 'SQLCMDPASSWORD';

export function sqlcmdParameters(place: Pick<Place, 'host' | 'port' | 'database' | 'username'>): string[] {
  return ['-S', `tcp:${place.host},${place.port}`, '-d', place.database, '-U', place.username];
}

/** This connection takes encrypted clients only, and they read the system's store. */
export const trustAuthority =
  'The gateway takes encrypted connections only: let this computer trust its authority with: latchkey certificate install.';

/** What Microsoft's drivers call it; "Optional" encrypts only where the server demands it. */
export function encryption({ requireTls }: Pick<Place, 'requireTls'>): 'Mandatory' | 'Optional' {
  return requireTls === true ? 'Mandatory' : 'Optional';
}

export const sqlcmd: Tool = {
  id: 'sqlcmd',
  title: 'sqlcmd (both the Go and the ODBC one)',
  protocols: ['sqlserver'],
  needs: 'command',
  programs: programs(
    ['sqlcmd', '/opt/mssql-tools18/bin/sqlcmd', '/opt/mssql-tools/bin/sqlcmd'],
    ['sqlcmd', '/opt/homebrew/bin/sqlcmd', '/usr/local/bin/sqlcmd'],
    ['sqlcmd.exe'],
  ),
  settings(place) {
    const { system } = place;
    const args = sqlcmdParameters(place);
    const line = shellLine(['sqlcmd', ...args], system);
    const token = tokenLine(place);
    return {
      steps: [
        'The password goes into the variable SQLCMDPASSWORD of this one command: a fresh token, which expires.',
        place.requireTls === true
          ? trustAuthority
          : 'The ODBC sqlcmd 18 demands TLS: give it -No. Leave out -C, which would trust any certificate.',
      ],
      texts: [
        {
          label: 'Command (Go)',
          language: system === 'win32' ? 'powershell' : 'sh',
          text: withPassword(`${line} -N ${place.requireTls === true ? 'true' : 'disable'}`, token, system),
        },
        {
          label: 'Command (ODBC, version 18)',
          language: system === 'win32' ? 'powershell' : 'sh',
          text: withPassword(`${line} -N${place.requireTls === true ? 'm' : 'o'}`, token, system),
        },
      ],
      open: {
        args: [...args, ...(place.requireTls === true ? ['-N'] : [])],
        terminal: true,
        passwordVariable,
        without: clientVariables.sqlserver,
      },
    };
  },
};

function withPassword(line: string, token: string, system: string): string {
  return system === 'win32'
    ? `$env:${passwordVariable} = & ${token}; ${line}; Remove-Item Env:${passwordVariable}`
    : `${passwordVariable}="$(${token})" ${line}`;
}

export const ssms: Tool = {
  id: 'ssms',
  title: 'SQL Server Management Studio',
  protocols: ['sqlserver'],
  needs: 'handle',
  systems: ['win32'],
  programs: programs(
    [],
    [],
    [
      'ssms.exe',
      '%ProgramFiles%/Microsoft SQL Server Management Studio 22/Release/Common7/IDE/SSMS.exe',
      '%ProgramFiles%/Microsoft SQL Server Management Studio 21/Release/Common7/IDE/SSMS.exe',
      '%ProgramFiles(x86)%/Microsoft SQL Server Management Studio 20/Common7/IDE/Ssms.exe',
    ],
  ),
  settings(place) {
    const { host, port, database, username } = place;
    return {
      steps: [
        `In Connect to Server enter the fields, and set Encryption to ${encryption(place)}.`,
        `Check Remember Password. ${pasteHandle}`,
        place.requireTls === true
          ? `${trustAuthority} Leave Trust server certificate unchecked.`
          : 'Where your organisation demands encryption: trust the authority in the Windows store, choose Mandatory, and leave Trust server certificate unchecked.',
      ],
      fields: [...fieldsOf(place, 'handle'), { label: 'Encryption', value: encryption(place) }],
      open: { args: ['-S', `${host},${port}`, '-d', database, '-U', username], terminal: false },
    };
  },
};

/** Link: MssqlProtocolHandler of the project microsoft/vscode-mssql; names are those of its connection profiles. */
function connectLink(place: Place): string {
  const { title, host, port, database, username } = place;
  const values = {
    server: `${host},${port}`,
    database,
    user: username,
    authenticationType: 'SqlLogin',
    encrypt: encryption(place),
    profileName: title,
  };
  return `vscode://ms-mssql.mssql/connect?${Object.entries(values)
    .map(([key, value]) => `${key}=${urlComponent(value)}`)
    .join('&')}`;
}

export const vscode: Tool = {
  id: 'vscode',
  title: 'Visual Studio Code with the mssql extension, Azure Data Studio',
  protocols: ['sqlserver'],
  needs: 'handle',
  programs: programs(
    ['code', 'codium', '/snap/bin/code'],
    ['code', '/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code'],
    ['%LOCALAPPDATA%/Programs/Microsoft VS Code/Code.exe', '%ProgramFiles%/Microsoft VS Code/Code.exe'],
  ),
  settings(place) {
    const { title, host, port, database, username } = place;
    const profile = {
      profileName: title,
      server: `${host},${port}`,
      database,
      authenticationType: 'SqlLogin',
      user: username,
      password: '',
      savePassword: true,
      encrypt: encryption(place),
      trustServerCertificate: false,
      multipleActiveResultSets: false,
    };
    return {
      steps: [
        'Open the link: the extension shows its connection dialog, filled in. Check Save Password.',
        pasteHandle,
        ...(place.requireTls === true ? [trustAuthority] : []),
        'Or put the profile into the list "mssql.connections" of settings.json; the password stays empty there.',
        'Azure Data Studio (retired by Microsoft) takes the same fields.',
      ],
      fields: [...fieldsOf(place, 'handle'), { label: 'Encrypt', value: encryption(place) }],
      texts: [
        { label: 'Link', language: 'text', text: connectLink(place) },
        {
          label: 'Profile for settings.json',
          language: 'json',
          text: JSON.stringify({ 'mssql.connections': [profile] }, undefined, 2),
        },
      ],
      open: { args: ['--open-url', connectLink(place)], terminal: false },
    };
  },
};

/** A server of freetds.conf. */
function serverSection(place: Place): Section {
  const { host, port, database, authorityFile } = place;
  const values = {
    host,
    port: String(port),
    'tds version': '7.4',
    'client charset': 'UTF-8',
    database,
    ...(authorityFile === undefined && place.requireTls !== true ? {} : { encryption: 'require' }),
    ...defined({ 'ca file': authorityFile }),
  };
  return {
    name: nameOf(place),
    lines: [markComment, ...Object.entries(values).map(([key, value]) => `${key} = ${freetdsValue(value)}`)],
  };
}

/** Counts for what is no server of the file, such as `tsql -H … -p …`. */
export const freetdsDefaults: Section = {
  name: 'global',
  lines: ['tds version = 7.4', 'client charset = UTF-8'],
};

/** A freetds.conf for this place alone. */
export function freetdsServer(place: Place): Section[] {
  return [freetdsDefaults, serverSection(place)];
}

/** The server in the person's own freetds.conf, where FreeTDS and all that is built on it find it by its name. */
export function freetdsConf(place: Place): SettingsFile {
  const paths = pathOn(place.system, '~/.freetds.conf', '%APPDATA%/freetds.conf');
  return iniFile({ paths, variable: 'FREETDSCONF', secret: false }, [serverSection(place)], true);
}

export const freetds: Tool = {
  id: 'freetds',
  title: 'FreeTDS: tsql, bsqldb, fisql, and libraries on it',
  protocols: ['sqlserver'],
  needs: 'none',
  programs: inPath('tsql', 'bsqldb'),
  settings(place) {
    const { host, port, database, system } = place;
    const username = freetdsUser(place.username);
    const name = nameOf(place);
    const tsql = shellLine(['tsql', '-S', name, '-U', username, '-D', database], system);
    return {
      steps: [
        `The server "${name}" goes into your freetds.conf.`,
        `FreeTDS saves no password; it asks. Take one from: ${tokenLine(place)}`,
      ],
      texts: [
        { label: 'Command', language: 'sh', text: tsql },
        {
          label: 'Script, asks for the password',
          language: 'sh',
          text: shellLine(['bsqldb', '-S', name, '-U', username, '-D', database, '-i', 'script.sql'], system),
        },
      ],
      files: [freetdsConf(place)],
      open: {
        args: ['-H', host, '-p', String(port), '-U', username, '-D', database],
        terminal: true,
        without: clientVariables.sqlserver,
      },
    };
  },
};
