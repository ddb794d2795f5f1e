import { useEffect, useRef, useState } from 'react';
import type { ProviderState } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { providers as t } from '../texts/en/providers.ts';
import { Button } from '../ui/button.tsx';
import { FileField, SecretField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAdministration } from './step-up.tsx';

const longest = 32_768;

/** The files as one text, or what is wrong with them; the broker looks at what they hold. */
async function pemOf(files: readonly File[]): Promise<{ text: string } | { fault: string }> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > longest) return { fault: t.theseFilesAreTooLargeFor };
  const text = (await Promise.all(files.map((file) => file.text()))).join('\n');
  if (text.includes('-----BEGIN ')) return { text };
  return { fault: t.thisIsNotPemForA };
}

/**
 * Sets or forgets the application secret, or the certificate in its place. What is stored is never shown: the fields are for
 * writing only.
 */
export function ProviderSecret(props: {
  provider: ProviderState;
  onDone(text: string): void;
  onCancel(): void;
}) {
  const { name, hasSecret } = props.provider;
  const action = useAdministration();
  const [files, setFiles] = useState<readonly File[]>([]);
  const [missing, setMissing] = useState(false);
  const [fault, setFault] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  async function store(): Promise<void> {
    if (files.length > 0) return storeCertificate();
    const given = input.current?.value.trim() ?? '';
    setMissing(given === '');
    if (given === '') input.current?.focus();
    else if ((await action.run('setProviderSecret', { name, secret: given })) !== undefined)
      props.onDone(t.applicationSecretStored);
  }

  async function storeCertificate(): Promise<void> {
    const read = await pemOf(files).catch(() => ({ fault: t.theFilesCannotBeRead }));
    setFault('fault' in read ? read.fault : undefined);
    if ('fault' in read) return;
    if ((await action.run('setProviderSecret', { name, secret: read.text })) !== undefined)
      props.onDone(t.certificateStored);
  }

  async function forget(): Promise<void> {
    if ((await action.run('setProviderSecret', { name, secret: null })) !== undefined)
      props.onDone(t.applicationSecretForgotten);
  }

  return (
    <Form
      label={t.applicationSecretOf(name)}
      submit={common.store}
      busy={action.busy}
      onSubmit={() => void store()}
      onCancel={props.onCancel}
      beside={
        hasSecret && (
          <Button kind="danger" busy={action.busy} onClick={() => void forget()}>
            {t.forgetTheStoredOne}
          </Button>
        )
      }
    >
      <SecretField
        ref={input}
        name="secret"
        label={hasSecret ? t.newApplicationSecret : t.applicationSecret}
        hint={t.theValueOfAClientSecret}
        maxLength={4096}
        refused={files.length === 0 ? action.problem : undefined}
        fault={missing ? t.enterTheSecretOrChooseThe : undefined}
      />
      <FileField
        label={t.orCertificateAndPrivateKey}
        hint={t.pemFilesBothInOneOr}
        accept=".pem,.crt,.cer,.key"
        multiple
        fault={fault}
        onChange={(chosen) => {
          setFiles(chosen);
          setFault(undefined);
          setMissing(false);
        }}
      />
      <ProblemPanel problem={action.problem} />
    </Form>
  );
}
