import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../../main/contract/errors.ts';
import type { ProviderState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { draftOf, type DraftFaults, faultsOf, formOf, keep, checkDraft, newDraft } from './provider-draft.ts';
import styles from './providers.module.css';

const types = [
  { value: 'azure-directory', label: 'Azure Directory (Microsoft Entra ID)' },
  { value: 'local', label: 'Local (break-glass accounts)' },
] as const;

const clouds = [
  { value: 'global', label: 'Global' },
  { value: 'us-government', label: 'US Government (GCC High)' },
  { value: 'us-government-dod', label: 'US Government (DoD)' },
  { value: 'china', label: 'China (21Vianet)' },
] as const;

const wayOrders = [
  { value: 'device-code,browser', label: 'With a code, then with the browser' },
  { value: 'browser,device-code', label: 'With the browser, then with a code' },
  { value: 'device-code', label: 'Only with a code' },
  { value: 'browser', label: 'Only with the browser' },
];

const mailChoices = [
  { value: 'off', label: 'Off' },
  { value: 'on', label: 'On' },
] as const;

const asItIs = { value: keep, label: 'Leave as it is' } as const;
const emptyKeeps = 'Leave empty to keep what is set';

/** Adds a provider, or changes the one that is given. */
export function ProviderForm(props: { provider?: ProviderState; onSaved(): void; onCancel(): void }) {
  const { provider } = props;
  const isNew = provider === undefined;
  const save = useAction();
  const [draft, setDraft] = useState(() => (isNew ? newDraft : draftOf(provider)));
  const [missing, setMissing] = useState<DraftFaults>({});
  const form = useRef<HTMLFormElement>(null);
  const refused = faultsOf(save.problem);
  const faults = { ...refused.fields, ...missing };
  const count = Object.keys(faults).length;
  const [tries, setTries] = useState(0);

  const set =
    <K extends keyof typeof draft>(key: K) =>
    (value: (typeof draft)[K]) =>
      setDraft((before) => ({ ...before, [key]: value }));

  useEffect(() => {
    if (isNew) form.current?.querySelector('input')?.focus();
    else form.current?.querySelector<HTMLElement>('input:not([readonly])')?.focus();
  }, [isNew]);
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [tries]);

  async function submit(): Promise<void> {
    const found = checkDraft(draft, isNew);
    setMissing(found);
    save.dismiss();
    if (Object.keys(found).length === 0) {
      const done = await save.run('saveProvider', formOf(draft, provider?.enabled ?? draft.type !== 'local'));
      if (done !== undefined) {
        props.onSaved();
        return;
      }
    }
    setTries((before) => before + 1);
  }

  return (
    <form
      ref={form}
      noValidate
      className={styles['form']}
      aria-label={isNew ? 'New provider' : `Settings of ${provider.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.busy) void submit();
      }}
    >
      <ProblemPanel problem={summary(count, refused.rest)} />
      {isNew && (
        <div className={styles['pair']}>
          <TextField
            label="Name"
            hint="Lower-case letters, digits, “-” and “_”. It cannot be changed later."
            value={draft.name}
            onChange={set('name')}
            maxLength={63}
            fault={faults.name}
          />
          <SelectField
            label="Type"
            value={draft.type}
            options={types}
            onChange={set('type')}
            fault={faults.type}
          />
        </div>
      )}
      {draft.type === 'azure-directory' && (
        <>
          <TextField
            label="Application id"
            hint="“Application (client) ID” of the app registration in Entra."
            value={draft.applicationId}
            onChange={set('applicationId')}
            maxLength={100}
            placeholder={isNew ? '00000000-0000-0000-0000-000000000000' : ''}
            fault={faults.applicationId}
          />
          <TextField
            label="Authority"
            hint={
              isNew ? (
                'The sign-in address of the cloud, and the id or domain of the tenant.'
              ) : (
                <>
                  {emptyKeeps}. The tenant is now <Name>{provider.tenant}</Name>.
                </>
              )
            }
            value={draft.authority}
            onChange={set('authority')}
            maxLength={500}
            placeholder={isNew ? 'https://login.microsoftonline.com/…' : ''}
            fault={faults.authority}
          />
          <div className={styles['pair']}>
            <SelectField
              label="Cloud"
              value={draft.cloud}
              options={isNew ? clouds : [asItIs, ...clouds]}
              onChange={set('cloud')}
              fault={faults.cloud}
            />
            <TextField
              label="Resource id"
              hint={isNew ? 'Address of Graph; by default that of the cloud.' : `${emptyKeeps}.`}
              value={draft.resource}
              onChange={set('resource')}
              maxLength={500}
              fault={faults.resource}
            />
          </div>
          <div className={styles['pair']}>
            <TextField
              label="Domains"
              hint="Whose sign-in names belong here, with commas between. Empty: everybody whom the tenant knows."
              value={draft.domains}
              onChange={set('domains')}
              maxLength={10_000}
              fault={faults.domains}
            />
            <SelectField
              label="Sign-in"
              value={draft.signIn}
              options={wayOrders}
              onChange={set('signIn')}
              fault={faults.signIn}
            />
          </div>
          <div className={styles['pair']}>
            <TextField
              label="Redirect service"
              hint={isNew ? 'Address of the relay page for mailed codes.' : `${emptyKeeps}.`}
              value={draft.redirectService}
              onChange={set('redirectService')}
              maxLength={500}
              fault={faults.redirectService}
            />
            <SelectField
              label="Mailed codes"
              hint="For hosts without a screen. Needs domains, and a mail server in the configuration."
              value={draft.mailCodes}
              options={isNew ? mailChoices : [asItIs, ...mailChoices]}
              onChange={set('mailCodes')}
              fault={faults.mailCodes}
            />
          </div>
        </>
      )}
      {draft.type === 'local' && isNew && (
        <p className={styles['soft']}>
          It begins turned off. Accounts are added on the command line: <code>latchkey local add</code>
        </p>
      )}
      <div className={styles['buttons']}>
        <Button submit kind="primary" busy={save.busy}>
          {isNew ? 'Add provider' : 'Save'}
        </Button>
        <Button kind="quiet" onClick={props.onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** Announced above the fields; each fault stands at its field as well. */
function summary(count: number, rest: Problem | undefined): Problem | undefined {
  if (count === 0) return rest;
  const message = count === 1 ? 'One field needs another value.' : `${count} fields need another value.`;
  return {
    code: 'config-invalid',
    message: rest === undefined ? message : `${message}\n${rest.message}`,
    remedy: 'Nothing has been changed yet.',
  };
}
