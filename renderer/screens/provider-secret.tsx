import { useEffect, useRef, useState } from 'react';
import type { ProviderState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import styles from './providers.module.css';

/** Sets or forgets the application secret. What is stored is never shown: the field is for writing only. */
export function ProviderSecret(props: {
  provider: ProviderState;
  onDone(text: string): void;
  onCancel(): void;
}) {
  const { name, hasSecret } = props.provider;
  const action = useAction();
  const [secret, setSecret] = useState('');
  const [missing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  async function store(): Promise<void> {
    const given = secret.trim();
    setMissing(given === '');
    setSecret('');
    if (given === '') input.current?.focus();
    else if ((await action.run('setProviderSecret', { name, secret: given })) !== undefined)
      props.onDone('Application secret stored');
  }

  async function forget(): Promise<void> {
    if ((await action.run('setProviderSecret', { name, secret: null })) !== undefined)
      props.onDone('Application secret forgotten');
  }

  return (
    <form
      noValidate
      className={styles['form']}
      aria-label={`Application secret of ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!action.busy) void store();
      }}
    >
      <TextField
        ref={input}
        type="password"
        label={hasSecret ? 'New application secret' : 'Application secret'}
        hint="The value of a client secret, for group look-ups on shared hosts. It is encrypted, and never shown again."
        value={secret}
        onChange={setSecret}
        maxLength={4096}
        fault={missing ? 'Enter the secret first.' : undefined}
      />
      <ProblemPanel problem={action.problem} />
      <div className={styles['buttons']}>
        <Button submit kind="primary" busy={action.busy}>
          Store
        </Button>
        {hasSecret && (
          <Button kind="danger" busy={action.busy} onClick={() => void forget()}>
            Forget the stored one
          </Button>
        )}
        <Button kind="quiet" onClick={props.onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
