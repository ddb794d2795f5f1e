import type { ActionHandlers } from '../contract/action-schemas.ts';
import type { DesktopBroker } from './ports.ts';
import type { Shortlist } from './shortlist.ts';

interface ConnectParts {
  broker: Pick<DesktopBroker, 'connect'>;
  copyText(text: string): void | Promise<void>;
  shortlist: Pick<Shortlist, 'used'>;
}

/** The settings of SQL tools for a connection: shown, copied one by one, written into the tools' own files. */
export function connectActions({
  broker: { connect },
  copyText,
  shortlist,
}: ConnectParts): ActionHandlers<
  'connectTools' | 'connectSettings' | 'copySetting' | 'writeSettings' | 'openTool'
> {
  return {
    connectTools: ({ connection }) => connect.tools(connection),
    connectSettings: ({ connection, tool, as, role }) => connect.settings(connection, tool, as, role),
    async copySetting(request) {
      const { connection, tool, as, role } = request;
      await copyText(
        'field' in request
          ? await connect.field(connection, tool, request.field, as, role)
          : await connect.text(connection, tool, request.text, as, role),
      );
    },
    async writeSettings({ connection, tool, as, role }) {
      const written = await connect.write(connection, tool, as, role);
      shortlist.used(connection);
      return { written };
    },
    async openTool({ connection, tool, as, role }) {
      await connect.open(connection, tool, as, role);
      shortlist.used(connection);
    },
  };
}
