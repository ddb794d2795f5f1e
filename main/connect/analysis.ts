import { allProtocols, importFile, jsonText, nameOf, openWindow, programs } from './common.ts';
import { mText, odbcValue } from './escape.ts';
import { dataSource, userIni } from './odbc.ts';
import type { Place, Protocol, Tool } from './types.ts';

/** Excel and Tableau for Mac look into the folder of iODBC. */
function iodbcIni({ system }: Place): string[] {
  return system === 'darwin' ? ['~/Library/ODBC/odbc.ini'] : userIni;
}

export const excel: Tool = {
  id: 'excel',
  title: 'Microsoft Excel (Power Query)',
  protocols: allProtocols,
  needs: 'handle',
  systems: ['darwin', 'win32'],
  programs: programs(
    [],
    ['/Applications/Microsoft Excel.app/Contents/MacOS/Microsoft Excel'],
    ['excel.exe', '%ProgramFiles%/Microsoft Office/root/Office16/EXCEL.EXE'],
  ),
  settings(place) {
    const { steps, texts, files } = dataSource(place, iodbcIni(place));
    return {
      steps: [
        ...steps,
        'In Excel choose Data, Get Data, From Other Sources, Blank Query, then Advanced Editor, and paste the query.',
        'When Excel asks, choose Database, and enter user and password there. It keeps them for this user of Windows.',
      ],
      texts: [
        ...texts,
        {
          label: 'Power Query',
          language: 'powerquery',
          text: `let\n    Source = Odbc.DataSource(${mText(`dsn=${odbcValue(nameOf(place))}`)}, [HierarchicalNavigation = true])\nin\n    Source\n`,
        },
      ],
      files,
      open: openWindow,
    };
  },
};

/** Form of the file: Microsoft Learn, "Data sources in Power BI Desktop", "Use PBIDS files to get data". */
const pbids: Record<Protocol, { protocol: string; server(place: Place): string }> = {
  postgresql: { protocol: 'postgresql', server: ({ host, port }) => `${host}:${port}` },
  mysql: { protocol: 'mysql', server: ({ host, port }) => `${host}:${port}` },
  sqlserver: { protocol: 'tds', server: ({ host, port }) => `${host},${port}` },
};

export const powerbi: Tool = {
  id: 'powerbi',
  title: 'Power BI Desktop',
  protocols: allProtocols,
  needs: 'handle',
  systems: ['win32'],
  programs: programs(
    [],
    [],
    ['%ProgramFiles%/Microsoft Power BI Desktop/bin/PBIDesktop.exe', 'PBIDesktop.exe'],
  ),
  settings(place) {
    const { protocol, server } = pbids[place.protocol];
    const text = {
      version: '0.1',
      connections: [
        {
          details: { protocol, address: { server: server(place), database: place.database } },
          options: {},
          mode: 'DirectQuery',
        },
      ],
    };
    const { steps, texts, files } = dataSource(place, userIni);
    return {
      steps: [
        'Open the PBIDS file with Power BI Desktop. When it asks, choose Database and enter user and password.',
        ...(place.protocol === 'postgresql'
          ? [
              'It verifies encrypted connections: let this computer trust the gateway first, with: latchkey certificate install',
            ]
          : ['Where it says that the connection cannot be encrypted, agree: it ends on this computer.']),
        'Where a refresh has to run without you, this is the wrong way: a login needs your live session.',
        ...steps.map((step) => `By ODBC instead: ${step}`),
      ],
      texts,
      files: [importFile(`${nameOf(place)}.pbids`, 'json', jsonText(text)), ...files],
      open: openWindow,
    };
  },
};

export const tableau: Tool = {
  id: 'tableau',
  title: 'Tableau Desktop',
  protocols: allProtocols,
  needs: 'handle',
  systems: ['darwin', 'win32'],
  programs: programs([], ['/Applications/Tableau.app/Contents/MacOS/Tableau'], ['tableau.exe']),
  settings(place) {
    const connector = { postgresql: 'PostgreSQL', mysql: 'MySQL', sqlserver: 'Microsoft SQL Server' }[
      place.protocol
    ];
    const { steps, texts, files } = dataSource(place, iodbcIni(place));
    return {
      steps: [
        `Choose Connect, To a Server, ${connector}, and enter the fields. Leave Require SSL unchecked.`,
        'Tableau saves no password in a workbook; it asks once for each start.',
        ...steps.map((step) => `By "Other Databases (ODBC)" instead: ${step}`),
      ],
      texts,
      files,
      open: openWindow,
    };
  },
};
