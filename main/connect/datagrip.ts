import { allProtocols, importFile, nameOf, openWindow, pasteHandle, programs } from './common.ts';
import { xmlText } from './escape.ts';
import { jdbcUrl } from './jdbc.ts';
import type { Place, Protocol, Tool } from './types.ts';

const drivers: Record<
  Protocol,
  { dbms: string; ref: string; driver: string; url: 'postgresql' | 'mariadb' | 'mssql' }
> = {
  postgresql: { dbms: 'POSTGRES', ref: 'postgresql', driver: 'org.postgresql.Driver', url: 'postgresql' },
  mysql: { dbms: 'MARIADB', ref: 'mariadb', driver: 'org.mariadb.jdbc.Driver', url: 'mariadb' },
  sqlserver: {
    dbms: 'MSSQL',
    ref: 'sqlserver.ms',
    driver: 'com.microsoft.sqlserver.jdbc.SQLServerDriver',
    url: 'mssql',
  },
};

/** The clipboard form of a data source, as DataGrip itself copies one ("Import data sources from clipboard"). */
function dataSource(place: Place): string {
  const { title, protocol, username } = place;
  const { dbms, ref, driver, url } = drivers[protocol];
  const name = xmlText(title);
  return [
    '#DataSourceSettings#',
    `#LocalDataSource: ${title}`,
    '#BEGIN#',
    `<data-source source="LOCAL" name="${name}" uuid="${uuidOf(place)}"><database-info product="" version="" jdbc-version="" driver-name="" driver-version="" dbms="${dbms}"/><driver-ref>${ref}</driver-ref><synchronize>true</synchronize><jdbc-driver>${driver}</jdbc-driver><jdbc-url>${xmlText(jdbcUrl(place, url))}</jdbc-url><secret-storage>master_key</secret-storage><user-name>${xmlText(username)}</user-name><schema-mapping/></data-source>`,
    '#END#',
    '',
  ].join('\n');
}

/**
 * The same id for the same connection, so that a second import replaces the first: a hash (FNV-1a, four times) in the
 * form of a UUID of version 8 (RFC 9562 section 5.8).
 */
function uuidOf(place: Place): string {
  const text = `latchkey/${place.connection}/${nameOf(place)}`;
  const words = [0, 1, 2, 3].map((round) => {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(`${round}${text}`))
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, '0');
  });
  const digits = words.join('');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}

export const datagrip: Tool = {
  id: 'datagrip',
  title: 'DataGrip, IntelliJ IDEA and other JetBrains tools',
  protocols: allProtocols,
  needs: 'handle',
  programs: programs(
    ['datagrip', '/snap/bin/datagrip'],
    ['/Applications/DataGrip.app/Contents/MacOS/datagrip'],
    ['datagrip64.exe', '%LOCALAPPDATA%/Programs/DataGrip/bin/datagrip64.exe'],
  ),
  settings(place) {
    const text = dataSource(place);
    return {
      steps: [
        'Copy the text with all its lines. In the Database tool window choose New, Import from Clipboard.',
        `Choose "Save: Forever" beside the password. ${pasteHandle}`,
      ],
      texts: [{ label: 'Data source for the clipboard', language: 'xml', text }],
      files: [importFile(`${nameOf(place)}-datagrip.txt`, 'text', text)],
      open: openWindow,
    };
  },
};
