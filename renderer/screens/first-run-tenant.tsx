import { useState } from 'react';
import type { CloudName } from '../../main/contract/clouds.ts';
import { readProviderAddress } from '../../main/contract/provider-address.ts';
import { providerNameOf } from '../../main/contract/provider-name.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { asSentence, type Faults, useFormFocus } from '../ui/faults.ts';
import { SelectField, TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { guid } from '../../main/contract/guid.ts';
import { common } from '../texts/en/common.ts';
import { firstRun as t } from '../texts/en/first-run.ts';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { otherClouds } from './provider-draft.ts';
import { useAdministration } from './step-up.tsx';
import styles from './first-run.module.css';

const clouds = () =>
  [
    { value: 'any', label: t.microsoftsAsTheAddressSays },
    ...otherClouds(),
    { value: 'local', label: t.aLocalTenantOnThisComputer },
  ] as const;

interface Draft {
  authority: string;
  applicationId: string;
  cloud: CloudName | 'any';
  resource: string;
  caFile: string;
}
const nothing: Draft = { authority: '', applicationId: '', cloud: 'any', resource: '', caFile: '' };

/** The tenant by its domain, and the application: both are tried before anything is written. */
export function FirstTenant({ onBack }: { onBack(): void }) {
  const [draft, setDraft] = useState(nothing);
  const [faults, setFaults] = useState<Faults<keyof Draft>>({});
  const { form, failed } = useFormFocus();
  const find = useAction();
  const save = useAdministration();
  const announce = useAnnounce();
  const field = <K extends keyof Draft>(key: K) => ({
    value: draft[key],
    onChange: (value: Draft[K]) => setDraft((before) => ({ ...before, [key]: value })),
    fault: faults[key],
  });

  async function submit(): Promise<void> {
    const wrong = faultsOf(draft);
    setFaults(wrong);
    save.dismiss();
    find.dismiss();
    if (Object.keys(wrong).length > 0) return failed();
    const question = questionOf(draft);
    const found = await find.run('findTenant', question);
    if (found === undefined) return;
    announce(t.foundTheTenant(found.reply.tenantId));
    const { authority } = found.reply;
    const name = providerNameOf(question.authority);
    await save.run('saveProvider', { ...question, name, type: 'azure-directory', enabled: true, authority });
  }

  return (
    <>
      <div>
        <ScreenHeading>{t.whereDoYouSignIn}</ScreenHeading>
        <p className={styles['lead']}>{t.latchkeyFindsTheTenantByIts}</p>
      </div>
      <div className={styles['card']}>
        <Form
          ref={form}
          label={common.directory}
          submit={t.findAndUseIt}
          busy={find.busy || save.busy}
          onSubmit={() => void submit()}
          onCancel={onBack}
        >
          <TextField
            label={t.domainOfYourSignInName}
            hint={t.whatStandsBehindTheTheTenants}
            placeholder="contoso.com"
            {...field('authority')}
            maxLength={2000}
          />
          <TextField
            label={t.applicationClientId}
            hint={t.ofTheAppRegistrationIn}
            placeholder="00000000-0000-0000-0000-000000000000"
            {...field('applicationId')}
            maxLength={100}
          />
          <details className={styles['other']}>
            <summary>{t.anotherCloud}</summary>
            <SelectField label={t.cloud} {...field('cloud')} options={clouds()} />
            {draft.cloud === 'local' && (
              <>
                <TextField label={t.addressOfGraph} {...field('resource')} maxLength={2000} />
                <TextField
                  label={t.certificateAuthority}
                  hint={t.theFileThatTheLocalTenant}
                  {...field('caFile')}
                  maxLength={4096}
                />
              </>
            )}
          </details>
          <ProblemPanel problem={find.problem ?? save.problem} />
        </Form>
      </div>
    </>
  );
}

function questionOf({ authority, applicationId, cloud, resource, caFile }: Draft) {
  return {
    authority: authority.trim().replace(/^@/, ''),
    applicationId: applicationId.trim(),
    ...(cloud === 'any' ? {} : { cloud }),
    ...(cloud === 'local' ? { resource: resource.trim(), caFile: caFile.trim() } : {}),
  };
}

function faultsOf(draft: Draft): Faults<keyof Draft> {
  const question = questionOf(draft);
  const faults: Faults<keyof Draft> = {};
  if (question.authority === '') faults.authority = t.enterTheDomainOfYourTenant;
  else {
    const read = readProviderAddress(question);
    if ('faults' in read) for (const { key, message } of read.faults) faults[key] = asSentence(message);
  }
  if (!guid.test(question.applicationId)) faults.applicationId = t.enterTheIdSuchAs;
  if (question.caFile === '') faults.caFile = t.enterThePathOfTheFile;
  return faults;
}
