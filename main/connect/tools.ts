import { LatchkeyError } from '../contract/errors.ts';
import { excel, powerbi, tableau } from './analysis.ts';
import { fieldsOf } from './common.ts';
import { datagrip } from './datagrip.ts';
import { dbeaver } from './dbeaver.ts';
import { jdbc } from './jdbc.ts';
import { dotnet, node, other, r } from './languages.ts';
import { pgadmin, psql } from './libpq.ts';
import { mysql, workbench } from './mysql.ts';
import { odbc } from './odbc.ts';
import { python } from './python.ts';
import { freetds, sqlcmd, ssms, vscode } from './sqlserver.ts';
import {
  passwordPlaceholder,
  type Place,
  type Protocol,
  type Settings,
  type System,
  type Tool,
  type ToolId,
} from './types.ts';

/** Every tool that there are settings for, in the order in which they are offered. */
export const tools: readonly Tool[] = [
  psql,
  pgadmin,
  dbeaver,
  datagrip,
  mysql,
  workbench,
  sqlcmd,
  ssms,
  vscode,
  freetds,
  odbc,
  excel,
  powerbi,
  tableau,
  jdbc,
  dotnet,
  python,
  node,
  r,
  other,
];

/** Those that speak the protocol and run on the system. */
export function toolsFor(protocol: Protocol, system: System): Tool[] {
  return tools.filter(
    ({ protocols, systems }) => protocols.includes(protocol) && (systems?.includes(system) ?? true),
  );
}

/** The names that a tool has for a connection become names of sections and files. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** @throws LatchkeyError `request-invalid` for a name that is none of {@link tools} */
export function findTool(id: string): Tool {
  const tool = tools.find((candidate) => candidate.id === id);
  if (tool === undefined) {
    throw new LatchkeyError('request-invalid', `There are no settings for "${id}".`, {
      remedy: `Choose one of: ${tools.map((known) => known.id).join(', ')}.`,
    });
  }
  return tool;
}

/**
 * What a tool needs to reach a gateway, as plain data without a secret: where the password goes stands
 * {@link passwordPlaceholder}.
 *
 * @throws LatchkeyError `request-invalid` for a tool that does not speak the protocol of the place, and for a place
 *   with a value that a format of the tool cannot express
 */
export function settingsFor(toolId: ToolId, place: Place): Settings {
  const tool = findTool(toolId);
  if (!tool.protocols.includes(place.protocol)) {
    const fitting = tools.filter(({ protocols }) => protocols.includes(place.protocol)).map(({ id }) => id);
    throw new LatchkeyError('request-invalid', `${tool.title} cannot use "${place.connection}".`, {
      remedy: `Choose one of: ${fitting.join(', ')}.`,
    });
  }
  checkPlace(place);
  return {
    tool: tool.id,
    title: tool.title,
    needs: tool.needs,
    fields: fieldsOf(place, tool.needs === 'handle' ? 'handle' : 'command'),
    texts: [],
    files: [],
    ...tool.settings(place),
  };
}

/** Values that no format may see: what could end a line, or be taken for where the password goes. */
function checkPlace(place: Place): void {
  const { name = place.connection, command, odbcDrivers = [], ...rest } = place;
  if (!namePattern.test(name)) {
    throw new LatchkeyError('request-invalid', 'This name cannot be used in the settings of a tool.', {
      remedy: 'Use 1 to 63 letters, digits, ".", "_" or "-" with --name, and begin with a letter or digit.',
    });
  }
  const values = [...command, ...odbcDrivers, ...Object.values(rest)].filter(
    (value) => typeof value === 'string',
  );
  if (values.some((value) => /[\p{Cc}\u2028\u2029]/u.test(value) || value.includes(passwordPlaceholder))) {
    throw new LatchkeyError(
      'request-invalid',
      'The connection has a value with characters no tool could take.',
      { remedy: 'Look at title, user and database of the connection in the configuration.' },
    );
  }
}
