import { useState } from 'react';
import type { ProviderState } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { providers as t } from '../texts/en/providers.ts';
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

const types = () =>
  [
    { value: 'azure-directory', label: t.entraType },
    { value: 'local', label: t.localType },
  ] as const;

const clouds = () => [{ value: 'global', label: t.global }, ...otherClouds()] as const;

const wayOrders = () => [
  { value: 'device-code,browser', label: t.withACodeThenWithThe },
  { value: 'browser,device-code', label: t.withTheBrowserThenWithA },
  { value: 'device-code', label: t.onlyWithACode },
  { value: 'browser', label: t.onlyWithTheBrowser },
];

const mailChoices = () =>
  [
    { value: 'off', label: t.off },
    { value: 'on', label: t.on },
  ] as const;

const asItIs = () => ({ value: keep, label: t.leaveAsItIs }) as const;
const asAuthority = () => ({ value: keep, label: t.thatOfTheAuthority }) as const;

/** Adds a provider, or changes the one that is given. */
export function ProviderForm(props: { provider?: ProviderState; onSaved(): void; onCancel(): void }) {
  const { provider } = props;
  const isNew = provider === undefined;
  const { draft, field, problem, form, busy, submit } = useProviderForm(provider, props.onSaved);
  return (
    <Form
      ref={form}
      label={isNew ? t.newProvider : t.settingsOf(provider.name)}
      submit={isNew ? t.addProvider : common.save}
      busy={busy}
      onSubmit={() => void submit()}
      onCancel={props.onCancel}
    >
      <ProblemPanel problem={problem} />
      {isNew && (
        <div className={cards['pair']}>
          <TextField
            label={common.name}
            hint={t.lowerCaseLettersDigitsAndIt}
            {...field('name')}
            maxLength={63}
          />
          <SelectField label={t.type} {...field('type')} options={types()} />
        </div>
      )}
      {draft.type === 'azure-directory' && <DirectoryFields provider={provider} field={field} />}
      {draft.type === 'local' && isNew && (
        <p className={layout['soft']}>{t.itBeginsTurnedOffAccountsAre(<code>latchkey local add</code>)}</p>
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
        label={t.applicationId}
        hint={t.applicationClientIdOfTheApp}
        {...field('applicationId')}
        maxLength={100}
        placeholder={isNew ? '00000000-0000-0000-0000-000000000000' : ''}
      />
      <TextField
        label={t.authority}
        hint={
          isNew ? (
            t.anyAddressThatThePortalShows
          ) : (
            <>{t.theTenantIsNow(t.leaveEmptyToKeepWhatIs, <Name>{provider.tenant}</Name>)}</>
          )
        }
        {...field('authority')}
        maxLength={2000}
        placeholder={isNew ? 'https://login.microsoftonline.com/…' : ''}
      />
      <div className={cards['pair']}>
        <SelectField
          label={t.cloud}
          {...field('cloud')}
          options={[isNew ? asAuthority() : asItIs(), ...clouds()]}
        />
        <TextField
          label={t.resourceId}
          hint={isNew ? t.addressOrIdOfMicrosoftGraph : `${t.leaveEmptyToKeepWhatIs}.`}
          {...field('resource')}
          maxLength={2000}
        />
      </div>
      <div className={cards['pair']}>
        <TextField
          label={t.domains}
          hint={t.whoseSignInNamesBelongHere}
          {...field('domains')}
          maxLength={10_000}
        />
        <SelectField label={t.signIn} {...field('signIn')} options={wayOrders()} />
      </div>
      <div className={cards['pair']}>
        <TextField
          label={t.redirectService}
          hint={isNew ? t.addressOfTheRelayPageFor : `${t.leaveEmptyToKeepWhatIs}.`}
          {...field('redirectService')}
          maxLength={500}
        />
        <SelectField
          label={t.mailedCodes}
          hint={t.forHostsWithoutAScreenNeeds}
          {...field('mailCodes')}
          options={isNew ? mailChoices() : [asItIs(), ...mailChoices()]}
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
