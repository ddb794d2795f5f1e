import { connections as t } from '../texts/en/connections.ts';
import { common } from '../texts/en/common.ts';
import { useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { SecretField, SelectField } from '../ui/field.tsx';
import { useFormFocus } from '../ui/faults.ts';
import { Form } from '../ui/form.tsx';
import { plainText } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAdministration } from './step-up.tsx';

/** A secret that a connection names. */
export interface NamedSecret {
  name: string;
  /** Such as "role sales_reader". */
  whose: string;
  stored: boolean;
}

/** Stores or forgets a password; what is stored is never shown. */
export function ConnectionPassword(props: {
  connection: string;
  /** One at least. */
  secrets: NamedSecret[];
  /** The one to begin with. */
  first?: string | undefined;
  onDone(text: string): void;
  onCancel(): void;
}) {
  const { secrets } = props;
  const action = useAdministration();
  const { form } = useFormFocus();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState(props.first ?? secrets[0]?.name ?? '');
  const [missing, setMissing] = useState(false);
  const secret = secrets.find(({ name }) => name === chosen) ?? secrets[0];
  if (secret === undefined) return null;
  const { name, whose, stored } = secret;

  async function store(): Promise<void> {
    const value = input.current?.value ?? '';
    setMissing(value === '');
    if (value === '') input.current?.focus();
    else if ((await action.run('storeSecret', { name, value })) !== undefined)
      props.onDone(t.passwordOfStored(whose));
  }

  async function forget(): Promise<void> {
    if ((await action.run('storeSecret', { name, value: null })) !== undefined)
      props.onDone(t.passwordOfForgotten(whose));
  }

  return (
    <Form
      ref={form}
      label={t.passwordOf(props.connection)}
      submit={common.store}
      busy={action.busy}
      onSubmit={() => void store()}
      onCancel={props.onCancel}
      beside={
        stored && (
          <Button kind="danger" busy={action.busy} onClick={() => void forget()}>
            {t.forgetTheStoredOne}
          </Button>
        )
      }
    >
      {secrets.length > 1 && (
        <SelectField
          label={t.whose}
          value={name}
          options={secrets.map((one) => ({ value: one.name, label: plainText(one.whose) }))}
          onChange={setChosen}
        />
      )}
      <SecretField
        ref={input}
        name="password"
        label={stored ? t.newPasswordOf(plainText(whose)) : t.passwordOfRole(plainText(whose))}
        hint={t.itGoesToTheSealedStore}
        maxLength={4096}
        refused={action.problem}
        fault={missing ? t.enterThePasswordFirst : undefined}
      />
      <ProblemPanel problem={action.problem} />
    </Form>
  );
}
