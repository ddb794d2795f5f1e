import { useEffect, useRef, useState } from 'react';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { Modal } from '../ui/modal.tsx';
import { plainText } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import styles from './providers.module.css';

export interface MadeHandle {
  id: string;
  tool: string;
  /** When it leaves the clipboard, ISO 8601. */
  clearsAt: string;
}

/** No name of a role: names are never empty. */
const defaultRole = '';

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
  const roles = connections.find(({ name }) => name === connection)?.grants ?? [];

  async function make(): Promise<void> {
    const named = tool.trim();
    setMissing(named === '');
    if (named === '') {
      input.current?.focus();
      return;
    }
    const chosen = role === defaultRole ? {} : { role };
    const done = await action.run('copyHandle', { connection, tool: named, ...chosen });
    if (done !== undefined) props.onMade({ ...done.reply, tool: named });
  }

  return (
    <Modal title="Make a handle" onEscape={props.onCancel}>
      <form
        noValidate
        className={styles['form']}
        aria-label="Make a handle"
        onSubmit={(event) => {
          event.preventDefault();
          if (!action.busy) void make();
        }}
      >
        <TextField
          ref={input}
          label="Tool"
          hint="Any name by which you know it again, such as DBeaver."
          fault={missing ? 'Enter a name first.' : undefined}
          value={tool}
          onChange={setTool}
          maxLength={60}
        />
        <SelectField
          label="Connection"
          value={connection}
          options={connections.map(({ name, title }) => ({ value: name, label: plainText(title) }))}
          onChange={(name) => {
            setConnection(name);
            setRole(defaultRole);
          }}
        />
        {roles.length > 1 && (
          <SelectField
            label="Role"
            hint="The default one is found anew at each login."
            value={role}
            options={[
              { value: defaultRole, label: 'Default role' },
              ...roles.map((grant) => ({ value: grant.role, label: plainText(grant.role) })),
            ]}
            onChange={setRole}
          />
        )}
        <ProblemPanel problem={action.problem} />
        <div className={styles['buttons']}>
          <Button submit kind="primary" busy={action.busy}>
            Make and copy
          </Button>
          <Button kind="quiet" onClick={props.onCancel}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}
