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
 * Joins an organisation by its address: first it is asked for and shown, and then joined as it was shown.
 * @param props.address as a link had it; it is looked at only when the person says so
 */
export function JoinDialog(props: { address?: string; onClose(): void }) {
  const [found, setFound] = useState<{ address: string; is: LookedAtOrganisation }>();
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

function Address(props: {
  first: string;
  onFound(found: { address: string; is: LookedAtOrganisation }): void;
  onClose(): void;
}) {
  const look = useAction();
  const announce = useAnnounce();
  const { form } = useFormFocus();
  const [address, setAddress] = useState(props.first);
  const [missing, setMissing] = useState(false);

  async function submit(): Promise<void> {
    const given = address.trim();
    setMissing(given === '');
    if (given === '') return form.current?.querySelector('input')?.focus();
    const done = await look.run('lookAtOrganisation', { address: given });
    if (done === undefined) return;
    announce(`The address is that of ${done.reply.organisation}`);
    props.onFound({ address: given, is: done.reply });
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
        Your organisation may have given you an address. It sets where you sign in, and to which databases
        Latchkey leads. Take it only from somebody whom you know.
      </p>
      <TextField
        label="Address"
        hint="It begins with https:// and ends with # and 43 characters."
        value={address}
        onChange={setAddress}
        maxLength={2000}
        fault={missing ? 'Paste the address that your organisation has given you.' : undefined}
      />
      <ProblemPanel problem={look.problem} />
    </Form>
  );
}

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
