import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ConnectSettings, ConnectTool } from '../../main/contract/shapes.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction, useTurn } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { connect as t } from '../texts/en/connect.ts';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { Reading } from '../ui/reading.tsx';
import { AccountChoice, As, useAs, useWhose } from './accounts.tsx';
import { ConnectSteps } from './connect-steps.tsx';
import { defaultRole, RoleChoice } from './role-choice.tsx';
import { ToolGrid } from './tool-grid.tsx';

/** What a SQL tool needs to reach a connection: chosen from those that speak its protocol and run here. */
export function ConnectDialog(props: {
  connection: ConnectionState;
  /** What to begin with. */
  first: { tool: string | undefined; account: string | undefined };
  onClose(): void;
}) {
  const { connection, first, onClose } = props;
  const { accounts } = useWhose();
  const able = accounts.filter(({ account: { objectId } }) =>
    connection.grants.some((grant) => grant.objectId === objectId),
  );
  const [account, setAccount] = useState(first.account ?? able[0]?.account.objectId ?? '');
  const [role, setRole] = useState(defaultRole);
  const roles = connection.grants.filter(({ objectId }) => able.length < 2 || objectId === account);
  return (
    <Modal
      wide
      title={<>{t.connectAToolTo(<Name>{connection.title}</Name>)}</>}
      footer={<Button onClick={onClose}>{common.close}</Button>}
      onEscape={onClose}
    >
      <AccountChoice
        accounts={able}
        value={account}
        hint={t.theSettingsHaveItsNameAnd}
        onChange={(objectId) => {
          setAccount(objectId);
          setRole(defaultRole);
        }}
      />
      <RoleChoice roles={roles} value={role} onChange={setRole} />
      <As account={able.length > 1 ? account : undefined}>
        <ToolChoice
          key={`${account} ${role}`}
          connection={connection}
          role={role === defaultRole ? undefined : role}
          first={first.tool}
        />
      </As>
    </Modal>
  );
}

function ToolChoice(props: {
  connection: ConnectionState;
  role: string | undefined;
  first: string | undefined;
}) {
  const { connection, role, first } = props;
  const as = useAs();
  const whose = useMemo(() => ({ ...as, ...(role === undefined ? {} : { role }) }), [as, role]);
  const { run: list, ...listing } = useAction();
  const { run: read, ...reading } = useAction();
  const [tools, setTools] = useState<ConnectTool[]>();
  const [turn, again] = useTurn();
  const [chosen, setChosen] = useState('');
  const [settings, setSettings] = useState<{ tool: string; settings: ConnectSettings }>();
  const wanted = useRef('');
  const { name } = connection;

  const choose = useCallback(
    async (tool: string): Promise<void> => {
      wanted.current = tool;
      setChosen(tool);
      const done = await read('connectSettings', { connection: name, tool, ...whose });
      // Somebody who goes through the list quickly sees the tool that stands there, whichever answer comes last.
      if (done !== undefined && wanted.current === tool) setSettings({ tool, settings: done.reply });
    },
    [read, name, whose],
  );

  useEffect(() => {
    void list('connectTools', { connection: name }).then((done) => {
      // Each turn looks for them anew.
      if (done === undefined || turn < 0) return undefined;
      // What is on this computer comes first.
      const sorted = done.reply.toSorted((one, other) => Number(other.installed) - Number(one.installed));
      setTools(sorted);
      const begin = sorted.find(({ id }) => id === first) ?? sorted[0];
      return begin === undefined ? undefined : choose(begin.id);
    });
  }, [list, choose, name, first, turn]);

  const shown = settings?.tool === chosen ? settings : undefined;
  return (
    <>
      {tools === undefined && (
        <Reading problem={listing.problem} onAgain={again}>
          {t.lookingForTheToolsOfThis}
        </Reading>
      )}
      {tools !== undefined && tools.length > 0 && (
        <ToolGrid tools={tools} chosen={chosen} onChoose={(tool) => void choose(tool)} />
      )}
      {tools !== undefined && chosen !== '' && shown === undefined && (
        <Reading problem={reading.problem} onAgain={() => void choose(chosen)} />
      )}
      {shown !== undefined && (
        <ConnectSteps
          key={shown.tool}
          connection={connection}
          role={role}
          tool={shown.tool}
          settings={shown.settings}
        />
      )}
    </>
  );
}
