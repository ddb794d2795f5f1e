import { useState } from 'react';
import type { LookedAtOrganisation } from '../../main/contract/shapes.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { organisation as t } from '../texts/en/organisation.ts';
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
    <Modal title={t.joinAnOrganisationHeading} wide onEscape={props.onClose}>
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
  const words = file === undefined ? ofAddress() : ofKey();

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
    announce(t.isThatOf(file === undefined ? t.theAddress : t.theFile, done.reply.organisation));
    props.onFound({ address, is: done.reply });
  }

  return (
    <Form
      ref={form}
      label={t.addressOfTheOrganisation}
      submit={t.showWhatItSets}
      busy={look.busy}
      onSubmit={() => void submit()}
      onCancel={props.onClose}
    >
      <p className={layout['soft']}>{t.yourOrganisationMayHaveGiven}</p>
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
            {file === undefined ? t.chooseAFileInstead : t.chooseAnotherFile}
          </Button>
          {file !== undefined && (
            <Button kind="quiet" onClick={() => take(undefined)}>
              {t.enterAnAddressInstead}
            </Button>
          )}
        </div>
      )}
      <ProblemPanel problem={choice.problem ?? look.problem} />
    </Form>
  );
}

const ofAddress = () => ({
  label: t.address,
  hint: t.itBeginsWithHttpsAndEnds,
  lacking: t.pasteTheAddressThatYour,
});
const ofKey = () => ({
  label: t.fingerprintLabel,
  hint: t.itHas43CharactersAskYour,
  lacking: t.pasteTheFingerprintThatYour,
});

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
        <dt>{t.organisation}</dt>
        <dd>
          <Name>{found.organisation}</Name>
        </dd>
        <dt>{t.from}</dt>
        <dd>
          <Name>{found.url}</Name>
        </dd>
        <dt>{t.fingerprintLabel}</dt>
        <dd>
          <code>{found.fingerprint}</code>
        </dd>
        <dt>{t.serialNumber}</dt>
        <dd>{found.serial}</dd>
      </dl>
      <h3 className={styles['heading']}>{t.whatItSets}</h3>
      {found.sets.length === 0 ? (
        <p>{t.nothingYet}</p>
      ) : (
        <ul className={styles['sets']}>
          {found.sets.map((line) => (
            <li key={line}>
              <Name>{line}</Name>
            </li>
          ))}
        </ul>
      )}
      <p className={layout['soft']}>{t.itMayChangeThisLaterWithout}</p>
      <ProblemPanel problem={join.problem} />
      <div className={layout['buttons']}>
        <Button kind="primary" busy={join.busy} onClick={() => void decide()}>
          {t.join}
        </Button>
        <Button kind="quiet" onClick={props.onClose}>
          {common.cancel}
        </Button>
      </div>
    </>
  );
}
