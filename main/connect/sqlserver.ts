import { fieldsOf, inPath, markComment, nameOf, pasteHandle, pathOn, programs, tokenLine } from './common.ts';
import { freetdsUser, freetdsValue, shellLine, urlComponent } from './escape.ts';
import type { Place, Tool } from './types.ts';

/** Both sqlcmd programs take the password from this variable, so that it stands in no argument. */
const passwordVariable = 'SQLCMDPASSWORD';

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
    const { host, port, database, username, system } = place;
    const args = ['-S', `tcp:${host},${port}`, '-d', database, '-U', username];
    const line = shellLine(['sqlcmd', ...args], system);
    const token = tokenLine(place);
    return {
      steps: [
        'The password goes into the variable SQLCMDPASSWORD of this one command: a fresh token, which expires.',
        'The ODBC sqlcmd 18 demands TLS: give it -No. Leave out -C, which would trust any certificate.',
      ],
      fields: fieldsOf(place, 'command'),
      texts: [
        {
          label: 'Command (Go)',
          language: system === 'win32' ? 'powershell' : 'sh',
          text: withPassword(`${line} -N disable`, token, system),
        },
        {
          label: 'Command (ODBC, version 18)',
          language: system === 'win32' ? 'powershell' : 'sh',
          text: withPassword(`${line} -No`, token, system),
        },
      ],
      files: [],
      open: { args, terminal: true, passwordVariable },
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
        'In Connect to Server enter the fields, and set Encryption to Optional.',
        `Check Remember Password. ${pasteHandle}`,
        'Where your organisation demands encryption: trust the authority in the Windows store, choose Mandatory, and leave Trust server certificate unchecked.',
      ],
      fields: [...fieldsOf(place, 'handle'), { label: 'Encryption', value: 'Optional' }],
      texts: [],
      files: [],
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
    encrypt: 'Optional',
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
      encrypt: 'Optional',
      trustServerCertificate: false,
    };
    return {
      steps: [
        'Open the link: the extension shows its connection dialog, filled in. Check Save Password.',
        pasteHandle,
        'Or put the profile into the list "mssql.connections" of settings.json; the password stays empty there.',
        'Azure Data Studio (retired by Microsoft) takes the same fields.',
      ],
      fields: [...fieldsOf(place, 'handle'), { label: 'Encrypt', value: 'Optional' }],
      texts: [
        { label: 'Link', language: 'text', text: connectLink(place) },
        {
          label: 'Profile for settings.json',
          language: 'json',
          text: JSON.stringify({ 'mssql.connections': [profile] }, undefined, 2),
        },
      ],
      files: [],
      open: { args: ['--open-url', connectLink(place)], terminal: false },
    };
  },
};

export const freetds: Tool = {
  id: 'freetds',
  title: 'FreeTDS: tsql, bsqldb, fisql, and libraries on it',
  protocols: ['sqlserver'],
  needs: 'none',
  programs: inPath('tsql', 'bsqldb'),
  settings(place) {
    const { host, port, database, authorityFile, system } = place;
    const username = freetdsUser(place.username);
    const name = nameOf(place);
    const values = {
      host,
      port: String(port),
      'tds version': '7.4',
      'client charset': 'UTF-8',
      database,
      ...(authorityFile === undefined ? {} : { encryption: 'require', 'ca file': authorityFile }),
    };
    const tsql = shellLine(['tsql', '-S', name, '-U', username, '-D', database], system);
    return {
      steps: [
        `The server "${name}" goes into your freetds.conf.`,
        `FreeTDS saves no password; it asks. Take one from: ${tokenLine(place)}`,
      ],
      fields: fieldsOf(place, 'command'),
      texts: [
        { label: 'Command', language: 'sh', text: tsql },
        {
          label: 'Script, asks for the password',
          language: 'sh',
          text: shellLine(['bsqldb', '-S', name, '-U', username, '-D', database, '-i', 'script.sql'], system),
        },
      ],
      files: [
        {
          paths: pathOn(system, '~/.freetds.conf', '%APPDATA%/freetds.conf'),
          variable: 'FREETDSCONF',
          format: 'ini',
          mode: 0o600,
          folder: 'create',
          merge: {
            kind: 'sections',
            ignoreCase: true,
            sections: [
              {
                name,
                lines: [
                  markComment,
                  ...Object.entries(values).map(([key, value]) => `${key} = ${freetdsValue(value)}`),
                ],
              },
            ],
          },
          secret: false,
        },
      ],
      open: { args: ['-H', host, '-p', String(port), '-U', username, '-D', database], terminal: true },
    };
  },
};
