import { fillShown, shownPassword } from '../../main/connect/fill.ts';
import { settingsFor, tools as allTools } from '../../main/connect/tools.ts';
import type { Place, ToolId } from '../../main/connect/types.ts';
import type { ConnectSettings, ConnectTool } from '../../main/contract/shapes.ts';

/** What main answers about tools: the settings that they really get, for the connection `sales` of the states. */
const place: Place = {
  connection: 'sales',
  title: 'Sales warehouse',
  protocol: 'postgresql',
  host: '127.0.0.1',
  port: 6432,
  socketDirectory: '/run/user/1000/latchkey/sales',
  database: 'sales',
  username: 'adele.vance@contoso.example',
  command: ['latchkey'],
  system: 'linux',
};

const installed = new Set(['dbeaver', 'psql']);
export const tools: ConnectTool[] = allTools
  .filter(({ protocols }) => protocols.includes(place.protocol))
  .map(({ id, title }) => ({ id, title, installed: installed.has(id) }));

export function settingsOf(tool: string, changes: Partial<Place> = {}): ConnectSettings {
  const settings = settingsFor(tool as ToolId, { ...place, ...changes });
  const { title, needs, steps, fields, texts, open } = fillShown(settings, shownPassword);
  return {
    title,
    needs,
    steps,
    fields: fields.map(({ label, value }) => ({ label, value })),
    texts: texts.map(({ label, language, text }) => ({ label, language, text })),
    files: settings.files.map(({ paths }) => ({
      path: paths[0] ?? '',
      note: 'What is yours in it stays; a copy of it as it was is kept beside it.',
    })),
    canOpen: open !== undefined && installed.has(tool),
  };
}
