import { useEffect, useRef, useState } from 'react';
import type { ProviderState } from '../../main/contract/state.ts';
import { Button } from '../ui/button.tsx';
import { FileField, TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAdministration } from './step-up.tsx';

const longest = 32_768;

/** The files as one text, or what is wrong with them; the broker looks at what they hold. */
async function pemOf(files: readonly File[]): Promise<{ text: string } | { fault: string }> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > longest) return { fault: 'These files are too large for a certificate and its key.' };
  const text = (await Promise.all(files.map((file) => file.text()))).join('\n');
  if (text.includes('-----BEGIN ')) return { text };
  return { fault: 'This is not PEM. For a .pfx: openssl pkcs12 -in file.pfx -nodes -out file.pem' };
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
  const [secret, setSecret] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const [missing, setMissing] = useState(false);
  const [fault, setFault] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  async function store(): Promise<void> {
    if (files.length > 0) return storeCertificate();
    const given = secret.trim();
    setMissing(given === '');
    setSecret('');
    if (given === '') input.current?.focus();
    else if ((await action.run('setProviderSecret', { name, secret: given })) !== undefined)
      props.onDone('Application secret stored');
  }

  async function storeCertificate(): Promise<void> {
    const read = await pemOf(files).catch(() => ({ fault: 'The files cannot be read.' }));
    setFault('fault' in read ? read.fault : undefined);
    if ('fault' in read) return;
    if ((await action.run('setProviderSecret', { name, secret: read.text })) !== undefined)
      props.onDone('Certificate stored');
  }

  async function forget(): Promise<void> {
    if ((await action.run('setProviderSecret', { name, secret: null })) !== undefined)
      props.onDone('Application secret forgotten');
  }

  return (
    <Form
      label={`Application secret of ${name}`}
      submit="Store"
      busy={action.busy}
      onSubmit={() => void store()}
      onCancel={props.onCancel}
      beside={
        hasSecret && (
          <Button kind="danger" busy={action.busy} onClick={() => void forget()}>
            Forget the stored one
          </Button>
        )
      }
    >
      <TextField
        ref={input}
        type="password"
        label={hasSecret ? 'New application secret' : 'Application secret'}
        hint="The value of a client secret, for group look-ups on shared hosts. It is encrypted, and never shown again."
        value={secret}
        onChange={setSecret}
        maxLength={4096}
        fault={missing ? 'Enter the secret, or choose the files, first.' : undefined}
      />
      <FileField
        label="Or certificate and private key"
        hint="PEM files, both in one or one each. The certificate is the one that has been uploaded for the application in the Entra admin center."
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
