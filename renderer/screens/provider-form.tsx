import { useState } from 'react';
import type { ProviderState } from '../../main/contract/state.ts';
import { faultSummary, useFormFocus } from '../ui/faults.ts';
import { SelectField, TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import {
  draftOf,
  type DraftFaults,
  faultsOf,
  formOf,
  keep,
  checkDraft,
  newDraft,
  otherClouds,
  type ProviderDraft,
} from './provider-draft.ts';
import { useAdministration } from './step-up.tsx';
import cards from '../ui/cards.module.css';

const types = [
  { value: 'azure-directory', label: 'Azure Directory (Microsoft Entra ID)' },
  { value: 'local', label: 'Local (break-glass accounts)' },
] as const;

const clouds = [{ value: 'global', label: 'Global' }, ...otherClouds] as const;

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
const asAuthority = { value: keep, label: 'That of the authority' } as const;
const emptyKeeps = 'Leave empty to keep what is set';

/** Adds a provider, or changes the one that is given. */
export function ProviderForm(props: { provider?: ProviderState; onSaved(): void; onCancel(): void }) {
  const { provider } = props;
  const isNew = provider === undefined;
  const { draft, field, problem, form, busy, submit } = useProviderForm(provider, props.onSaved);
  return (
    <Form
      ref={form}
      label={isNew ? 'New provider' : `Settings of ${provider.name}`}
      submit={isNew ? 'Add provider' : 'Save'}
      busy={busy}
      onSubmit={() => void submit()}
      onCancel={props.onCancel}
    >
      <ProblemPanel problem={problem} />
      {isNew && (
        <div className={cards['pair']}>
          <TextField
            label="Name"
            hint="Lower-case letters, digits, “-” and “_”. It cannot be changed later."
            {...field('name')}
            maxLength={63}
          />
          <SelectField label="Type" {...field('type')} options={types} />
        </div>
      )}
      {draft.type === 'azure-directory' && <DirectoryFields provider={provider} field={field} />}
      {draft.type === 'local' && isNew && (
        <p className={layout['soft']}>
          It begins turned off. Accounts are added on the command line: <code>latchkey local add</code>
        </p>
      )}
    </Form>
  );
}

/** The settings of an Entra ID tenant; of a new one where there is none. */
function DirectoryFields({ provider, field }: { provider: ProviderState | undefined; field: FieldOf }) {
  const isNew = provider === undefined;
  return (
    <>
      <TextField
        label="Application id"
        hint="“Application (client) ID” of the app registration in Entra."
        {...field('applicationId')}
        maxLength={100}
        placeholder={isNew ? '00000000-0000-0000-0000-000000000000' : ''}
      />
      <TextField
        label="Authority"
        hint={
          isNew ? (
            'Any address that the portal shows under “Endpoints” of the app registration, or the tenant’s id.'
          ) : (
            <>
              {emptyKeeps}. The tenant is now <Name>{provider.tenant}</Name>.
            </>
          )
        }
        {...field('authority')}
        maxLength={2000}
        placeholder={isNew ? 'https://login.microsoftonline.com/…' : ''}
      />
      <div className={cards['pair']}>
        <SelectField label="Cloud" {...field('cloud')} options={[isNew ? asAuthority : asItIs, ...clouds]} />
        <TextField
          label="Resource id"
          hint={isNew ? 'Address or id of Microsoft Graph; by default that of the cloud.' : `${emptyKeeps}.`}
          {...field('resource')}
          maxLength={2000}
        />
      </div>
      <div className={cards['pair']}>
        <TextField
          label="Domains"
          hint="Whose sign-in names belong here, with commas between. Empty: everybody whom the tenant knows."
          {...field('domains')}
          maxLength={10_000}
        />
        <SelectField label="Sign-in" {...field('signIn')} options={wayOrders} />
      </div>
      <div className={cards['pair']}>
        <TextField
          label="Redirect service"
          hint={isNew ? 'Address of the relay page for mailed codes.' : `${emptyKeeps}.`}
          {...field('redirectService')}
          maxLength={500}
        />
        <SelectField
          label="Mailed codes"
          hint="For hosts without a screen. Needs domains, and a mail server in the configuration."
          {...field('mailCodes')}
          options={isNew ? mailChoices : [asItIs, ...mailChoices]}
        />
      </div>
    </>
  );
}

/** What a field of the draft gets. */
type FieldOf = <K extends keyof ProviderDraft>(
  key: K,
) => { value: ProviderDraft[K]; onChange(value: ProviderDraft[K]): void; fault: string | undefined };

/** The draft with its faults. Where it cannot be saved, the first field that is wrong gets the focus. */
function useProviderForm(provider: ProviderState | undefined, onSaved: () => void) {
  const isNew = provider === undefined;
  const save = useAdministration();
  const [draft, setDraft] = useState(() => (isNew ? newDraft : draftOf(provider)));
  const [missing, setMissing] = useState<DraftFaults>({});
  const { form, failed } = useFormFocus();
  const refused = faultsOf(save.problem);
  const faults = { ...refused.fields, ...missing };

  async function submit(): Promise<void> {
    const found = checkDraft(draft, isNew);
    setMissing(found);
    save.dismiss();
    if (Object.keys(found).length === 0) {
      const done = await save.run('saveProvider', formOf(draft, provider?.enabled ?? draft.type !== 'local'));
      if (done !== undefined) return onSaved();
    }
    failed();
  }

  const field: FieldOf = (key) => ({
    value: draft[key],
    onChange: (value) => setDraft((before) => ({ ...before, [key]: value })),
    fault: faults[key],
  });
  const problem = faultSummary(Object.keys(faults).length, refused.rest);
  return { draft, field, problem, form, busy: save.busy, submit };
}
