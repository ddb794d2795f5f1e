import { useEffect, useRef, useState } from 'react';
import type { ConnectionState, Grant } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { tools as t } from '../texts/en/tools.ts';
import { SelectField, TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Modal } from '../ui/modal.tsx';
import { plainText } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { AccountChoice, useWhose } from './accounts.tsx';
import { defaultRole, RoleChoice } from './role-choice.tsx';

export interface MadeHandle {
  id: string;
  tool: string;
  /** When it leaves the clipboard, ISO 8601. */
  clearsAt: string;
}

/** Asks for which tool, connection and role; the handle goes straight to the clipboard. */
export function HandleForm(props: {
  /** Those that the person may use; one at least. */
  connections: ConnectionState[];
  onMade(handle: MadeHandle): void;
  onCancel(): void;
}) {
  const { connections } = props;
  const action = useAction();
  const [tool, setTool] = useState('');
  const [missing, setMissing] = useState(false);
  const [connection, setConnection] = useState(connections[0]?.name ?? '');
  const [role, setRole] = useState(defaultRole);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const grants = connections.find(({ name }) => name === connection)?.grants ?? [];
  const { accounts } = useWhose();
  const able = accounts.filter(({ account: { objectId } }) =>
    grants.some((grant) => grant.objectId === objectId),
  );
  const [wanted, setWanted] = useState('');
  const account = able.find((one) => one.account.objectId === wanted) ?? able[0];
  const isTheirs = ({ objectId }: Grant): boolean =>
    able.length < 2 || objectId === account?.account.objectId;
  const roles = grants.filter(isTheirs);

  async function make(): Promise<void> {
    const named = tool.trim();
    setMissing(named === '');
    if (named === '') {
      input.current?.focus();
      return;
    }
    const whose = able.length > 1 && account !== undefined ? { as: account.account.objectId } : {};
    const chosen = { ...(role === defaultRole ? {} : { role }), ...whose };
    const done = await action.run('copyHandle', { connection, tool: named, ...chosen });
    if (done !== undefined) props.onMade({ ...done.reply, tool: named });
  }

  return (
    <Modal title={t.makeOne} onEscape={props.onCancel}>
      <Form
        label={t.makeOne}
        submit={t.makeAndCopy}
        busy={action.busy}
        onSubmit={() => void make()}
        onCancel={props.onCancel}
      >
        <TextField
          ref={input}
          label={t.tool}
          hint={t.anyNameByWhichYouKnow}
          fault={missing ? t.enterANameFirst : undefined}
          value={tool}
          onChange={setTool}
          maxLength={60}
        />
        <SelectField
          label={common.connection}
          value={connection}
          options={connections.map(({ name, title }) => ({ value: name, label: plainText(title) }))}
          onChange={(name) => {
            setConnection(name);
            setRole(defaultRole);
          }}
        />
        <AccountChoice
          accounts={able}
          value={account?.account.objectId ?? ''}
          hint={t.itServesThisAccount}
          onChange={(objectId) => {
            setWanted(objectId);
            setRole(defaultRole);
          }}
        />
        <RoleChoice roles={roles} value={role} onChange={setRole} />
        <ProblemPanel problem={action.problem} />
      </Form>
    </Modal>
  );
}
