import { useCallback, useEffect, useRef, useState } from 'react';
import type { ConnectSettings, ConnectTool } from '../../main/contract/shapes.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/field.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name, plainText } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { AccountChoice, As, useAs, useWhose } from './accounts.tsx';
import { ConnectSteps } from './connect-steps.tsx';
import styles from './connect-dialog.module.css';

/** What a SQL tool needs to reach a connection: chosen from those that speak its protocol. */
export function ConnectDialog({ connection, onClose }: { connection: ConnectionState; onClose(): void }) {
  const { accounts } = useWhose();
  const able = accounts.filter(({ account: { objectId } }) =>
    connection.grants.some((grant) => grant.objectId === objectId),
  );
  const [account, setAccount] = useState(able[0]?.account.objectId ?? '');
  return (
    <Modal
      wide
      title={
        <>
          Connect a tool to <Name>{connection.title}</Name>
        </>
      }
      onEscape={onClose}
    >
      <AccountChoice
        accounts={able}
        value={account}
        hint="The settings have its name, and handles are made for it."
        onChange={setAccount}
      />
      <As account={able.length > 1 ? account : undefined}>
        <ToolChoice key={account} connection={connection} />
      </As>
      <div className={styles['foot']}>
        <Button onClick={onClose}>Close</Button>
      </div>
    </Modal>
  );
}

function ToolChoice({ connection }: { connection: ConnectionState }) {
  const as = useAs();
  const { run: list, ...listing } = useAction();
  const { run: read, ...reading } = useAction();
  const [tools, setTools] = useState<ConnectTool[]>();
  const [chosen, setChosen] = useState('');
  const [settings, setSettings] = useState<{ tool: string; settings: ConnectSettings }>();
  const wanted = useRef('');
  const { name } = connection;

  const choose = useCallback(
    async (tool: string): Promise<void> => {
      wanted.current = tool;
      setChosen(tool);
      const done = await read('connectSettings', { connection: name, tool, ...as });
      // Somebody who goes through the list quickly sees the tool that stands there, whichever answer comes last.
      if (done !== undefined && wanted.current === tool) setSettings({ tool, settings: done.reply });
    },
    [read, name, as],
  );

  useEffect(() => {
    void list('connectTools', { connection: name }).then((done) => {
      if (done === undefined) return undefined;
      setTools(done.reply);
      const first = done.reply.find(({ installed }) => installed) ?? done.reply[0];
      return first === undefined ? undefined : choose(first.id);
    });
  }, [list, choose, name]);

  const shown = settings?.tool === chosen ? settings : undefined;
  return (
    <>
      <ProblemPanel problem={listing.problem ?? reading.problem} />
      {tools === undefined && listing.busy && <output>Looking for the tools of this computer…</output>}
      {tools !== undefined && tools.length > 0 && (
        <SelectField
          label="Tool"
          value={chosen}
          options={tools.map(({ id, title, installed }) => ({
            value: id,
            label: installed ? `${plainText(title)} (found on this computer)` : plainText(title),
          }))}
          onChange={(tool) => void choose(tool)}
        />
      )}
      {shown !== undefined && (
        <ConnectSteps key={shown.tool} connection={connection} tool={shown.tool} settings={shown.settings} />
      )}
    </>
  );
}
