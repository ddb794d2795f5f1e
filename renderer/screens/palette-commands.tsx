import { useEffect, useState } from 'react';
import type { ConnectTool } from '../../main/contract/shapes.ts';
import type { Account, AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { frame as texts } from '../texts/en/frame.ts';
import { frame as t } from '../texts/en/frame.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { useCommandKey } from '../ui/keys.ts';
import { type Place, places } from '../ui/frame.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { useWhose } from './accounts.tsx';
import { type Row, sectionsOf } from './connection-rows.ts';
import { type Command, Palette } from './palette.tsx';
import type { Panes } from './panes.ts';
import { liveOf, useSignOutQuestion } from './sign-out.tsx';

interface PaletteWays {
  state: AppState;
  panes: Panes;
  onPlace(place: Place): void;
  onAdd(): void;
}

/** The palette, opened by Ctrl+K from wherever the window is. */
export function PaletteKey(ways: PaletteWays) {
  const [open, setOpen] = useState(false);
  useCommandKey((key) => {
    if (key === 'k') setOpen(true);
    return key === 'k';
  });
  const isAsked = ways.state.link?.kind === 'palette';
  // Asked for from outside of the window, by the shortcut.
  const [wasAsked, setWasAsked] = useState(false);
  if (isAsked !== wasAsked) {
    setWasAsked(isAsked);
    if (isAsked) setOpen(true);
  }
  const { ask, question } = useSignOutQuestion(ways.state);
  return (
    <>
      {open && <Commands {...ways} onAsk={ask} onClose={() => setOpen(false)} />}
      {question}
    </>
  );
}

function Commands({
  state,
  panes,
  onPlace,
  onAdd,
  onAsk,
  onClose,
}: PaletteWays & {
  /** Before a sign-out that ends database sessions. */
  onAsk(account: Account): void;
  onClose(): void;
}) {
  const { run, problem } = useAction();
  const announce = useAnnounce();
  const { several, nameOf } = useWhose();
  const rows = sectionsOf({ ...state, favourites: [], recents: [] }, '').flatMap((section) => section.rows);
  const chosen = rows.find(({ key }) => key === panes.chosen) ?? rows[0];
  const tools = useTools(chosen);
  const isIn = state.signIn.kind === 'signed-in';
  const whose = (row: Row): string =>
    several && row.grant !== undefined ? t.asIt(nameOf(row.grant.objectId)) : '';

  const connections = rows.map((row): Command => {
    const { title, name, host, port, protocol } = row.connection;
    return {
      id: `connection ${row.key}`,
      kind: common.connection,
      text: `${title}${whose(row)}`,
      hint: `${name} ${host}:${port} ${protocolTitles[protocol]}`,
      run() {
        onPlace('home');
        panes.open(row.key, true);
      },
    };
  });
  const tokens = rows.flatMap((row) =>
    row.connection.grants
      .filter(({ objectId }) => objectId === row.grant?.objectId)
      .map((grant): Command => {
        const { title, name } = row.connection;
        return {
          id: `token ${row.key} ${grant.role}`,
          kind: t.action,
          text: t.copyToken(title, grant.role, whose(row)),
          hint: name,
          async first() {
            const as = several ? { as: grant.objectId } : {};
            return (await run('copyToken', { connection: name, role: grant.role, ...as })) !== undefined;
          },
          run: () => announce(t.tokenForCopiedPasteItAs(title)),
        };
      }),
  );
  const connecting = tools.map(({ id, title }): Command => ({
    id: `tool ${id}`,
    kind: t.tool,
    text: t.connectTo(title, chosen?.connection.title ?? ''),
    hint: id,
    run() {
      onPlace('home');
      if (chosen !== undefined) panes.begin(chosen.key, { task: 'connect', tool: id });
    },
  }));
  const going = places().map(({ place, title, has = '' }): Command => ({
    id: `place ${place}`,
    kind: t.action,
    text: t.open(title),
    hint: `${place} ${has}`,
    run: () => onPlace(place),
  }));
  const adding: Command = {
    id: 'add',
    kind: texts.action,
    text: texts.addAnAccount,
    hint: texts.signIn,
    run: onAdd,
  };
  const leaving = state.accounts.map(({ account }): Command => {
    const command = {
      id: `out ${account.objectId}`,
      kind: texts.action,
      text: texts.signOut(account.username),
      hint: '',
    };
    if (liveOf(state.databaseSessions, account) > 0) return { ...command, run: () => onAsk(account) };
    return {
      ...command,
      first: async () => (await run('signOut', several ? { as: account.objectId } : {})) !== undefined,
      run: () => undefined,
    };
  });
  const commands = isIn ? [...connections, ...connecting, ...tokens, ...going, adding, ...leaving] : going;
  return <Palette commands={commands} problem={problem} onClose={onClose} />;
}

/** Those that can be connected to what is chosen. */
function useTools(row: Row | undefined): ConnectTool[] {
  const { run } = useAction();
  const [tools, setTools] = useState<ConnectTool[]>([]);
  const name = row?.grant === undefined ? undefined : row.connection.name;
  useEffect(() => {
    if (name === undefined) return;
    void run('connectTools', { connection: name }).then((done) => done && setTools(done.reply));
  }, [run, name]);
  return tools;
}
