import { useState } from 'react';
import type { LookedAtOrganisation } from '../../main/contract/shapes.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { useFormFocus } from '../ui/faults.ts';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import layout from '../ui/layout.module.css';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import styles from './join-dialog.module.css';
import { useAdministration } from './step-up.tsx';

/**
 * Joins an organisation by its address or a file: first it is asked for and shown, and then joined as it was shown.
 * @param props.address as a link had it; it is looked at only when the person says so
 */
export function JoinDialog(props: { address?: string; onClose(): void }) {
  const [found, setFound] = useState<Found>();
  return (
    <Modal title="Join an organisation" wide onEscape={props.onClose}>
      {found === undefined ? (
        <Address first={props.address ?? ''} onFound={setFound} onClose={props.onClose} />
      ) : (
        <Decision address={found.address} found={found.is} onClose={props.onClose} />
      )}
    </Modal>
  );
}

type Found = { address: string; is: LookedAtOrganisation };

function Address(props: { first: string; onFound(found: Found): void; onClose(): void }) {
  const look = useAction();
  const choice = useAction();
  const announce = useAnnounce();
  const { form } = useFormFocus();
  const [file, setFile] = useState<{ path: string; address: string }>();
  const [text, setText] = useState(props.first);
  const [missing, setMissing] = useState(false);
  const words = file === undefined ? ofAddress : ofKey;

  /** With a file, what is typed is the fingerprint of its key; undefined takes the file away again. */
  function take(next: typeof file): void {
    setFile(next);
    setText('');
    setMissing(false);
    form.current?.querySelector('input')?.focus();
  }

  async function choose(): Promise<void> {
    const done = await choice.run('chooseBundle', {});
    if (done?.reply.file !== undefined) take(done.reply.file);
  }

  async function submit(): Promise<void> {
    const given = text.trim();
    setMissing(given === '');
    if (given === '') return form.current?.querySelector('input')?.focus();
    const address = file === undefined ? given : `${file.address}#${given}`;
    const done = await look.run('lookAtOrganisation', { address });
    if (done === undefined) return;
    announce(`${file === undefined ? 'The address' : 'The file'} is that of ${done.reply.organisation}`);
    props.onFound({ address, is: done.reply });
  }

  return (
    <Form
      ref={form}
      label="Address of the organisation"
      submit="Show what it sets"
      busy={look.busy}
      onSubmit={() => void submit()}
      onCancel={props.onClose}
    >
      <p className={layout['soft']}>
        Your organisation may have given you an address or a file. It sets where you sign in, and to which
        databases Latchkey leads. Take it only from somebody whom you know.
      </p>
      {file !== undefined && (
        <p>
          <Name>{file.path}</Name>
        </p>
      )}
      <TextField
        label={words.label}
        hint={words.hint}
        value={text}
        onChange={setText}
        maxLength={2000}
        fault={missing ? words.lacking : undefined}
      />
      {/* A link has an address already. */}
      {props.first === '' && (
        <div className={layout['buttons']}>
          <Button busy={choice.busy} onClick={() => void choose()}>
            {file === undefined ? 'Choose a file instead…' : 'Choose another file…'}
          </Button>
          {file !== undefined && (
            <Button kind="quiet" onClick={() => take(undefined)}>
              Enter an address instead
            </Button>
          )}
        </div>
      )}
      <ProblemPanel problem={choice.problem ?? look.problem} />
    </Form>
  );
}

const ofAddress = {
  label: 'Address',
  hint: 'It begins with https:// and ends with # and 43 characters.',
  lacking: 'Paste the address that your organisation has given you.',
};
const ofKey = {
  label: 'Fingerprint of its key',
  hint: 'It has 43 characters. Ask your organisation for it, on another way than the file came.',
  lacking: 'Paste the fingerprint that your organisation has given you.',
};

function Decision(props: { address: string; found: LookedAtOrganisation; onClose(): void }) {
  const { found } = props;
  const join = useAdministration();

  async function decide(): Promise<void> {
    const done = await join.run('joinOrganisation', { address: props.address, hash: found.hash });
    if (done !== undefined) props.onClose();
  }

  return (
    <>
      <dl className={styles['facts']}>
        <dt>Organisation</dt>
        <dd>
          <Name>{found.organisation}</Name>
        </dd>
        <dt>From</dt>
        <dd>
          <Name>{found.url}</Name>
        </dd>
        <dt>Fingerprint of its key</dt>
        <dd>
          <code>{found.fingerprint}</code>
        </dd>
        <dt>Serial number</dt>
        <dd>{found.serial}</dd>
      </dl>
      <h3 className={styles['heading']}>What it sets</h3>
      {found.sets.length === 0 ? (
        <p>Nothing yet.</p>
      ) : (
        <ul className={styles['sets']}>
          {found.sets.map((line) => (
            <li key={line}>
              <Name>{line}</Name>
            </li>
          ))}
        </ul>
      )}
      <p className={layout['soft']}>
        It may change this later without asking you. You can leave it in the settings.
      </p>
      <ProblemPanel problem={join.problem} />
      <div className={layout['buttons']}>
        <Button kind="primary" busy={join.busy} onClick={() => void decide()}>
          Join
        </Button>
        <Button kind="quiet" onClick={props.onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}
