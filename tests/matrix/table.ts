import { fileURLToPath } from 'node:url';
import { protocolNames, type ProtocolName } from '../../main/contract/protocols.ts';
import { checkNames, checks } from './checks.ts';
import type { MatrixClient } from './clients.ts';
import { absent, alike, reasonFor } from './known.ts';
import type { Outcomes } from './runner.ts';

export interface Tried {
  client: MatrixClient;
  outcomes: Outcomes;
}

const titles: Record<ProtocolName, string> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL, MariaDB',
  sqlserver: 'SQL Server',
};

/** The table as docs/TOOLS.md has it: a table for each protocol, and what stands behind each "no". */
export function markdown(tried: Tried[]): string {
  const reasons: string[] = [];
  const cell = ({ client, outcomes }: Tried, check: (typeof checkNames)[number]): string => {
    const reason = reasonFor(client.protocol, client.name, check);
    if (reason === undefined || outcomes[check].kind === 'cannot')
      return { right: 'yes', cannot: '–', wrong: '**no**' }[outcomes[check].kind];
    if (!reasons.includes(reason)) reasons.push(reason);
    return `no (${reasons.indexOf(reason) + 1})`;
  };
  const parts = protocolNames.map((protocol) => {
    const rows = tried.filter(({ client }) => client.protocol === protocol);
    return [
      `| ${[titles[protocol], ...Object.values(checks)].join(' | ')} |`,
      `|${'---|'.repeat(checkNames.length + 1)}`,
      ...rows.map(
        (row) => `| ${[row.client.name, ...checkNames.map((check) => cell(row, check))].join(' | ')} |`,
      ),
    ].join('\n');
  });
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`);
  return [
    ...parts,
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
    `Cannot be had from Debian or npm, and so not tried: ${absent.join('; ')}. ${alike}`,
  ].join('\n\n');
}

/** What fails without a reason that is known, one line for each. */
export function failures({ client, outcomes }: Tried): string[] {
  return checkNames.flatMap((check) => {
    const outcome = outcomes[check];
    const expected = reasonFor(client.protocol, client.name, check) !== undefined;
    return outcome.kind === 'wrong' && !expected ? [`${check}: ${outcome.detail}`] : [];
  });
}

/** Reasons that nothing needs any more. */
export function outlived({ client, outcomes }: Tried): string[] {
  return checkNames.filter(
    (check) =>
      outcomes[check].kind === 'right' && reasonFor(client.protocol, client.name, check) !== undefined,
  );
}

export const docs = fileURLToPath(new URL('../../docs/TOOLS.md', import.meta.url));
const section = /(<!-- matrix -->\n)[^]*(\n<!-- \/matrix -->)/;

/** The page with this table in its place. */
export function replaced(page: string, table: string): string {
  return page.replace(section, (_all, begin: string, end: string) => begin + table + end);
}
