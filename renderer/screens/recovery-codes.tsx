import { useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { TextBlock } from '../ui/text-block.tsx';
import styles from './recovery-codes.module.css';

/** Shown once. The only way out is to say that they are stored, so that nobody loses them by a slip. */
export function RecoveryCodes({ codes, onStored }: { codes: string[]; onStored: () => void }) {
  const [stored, setStored] = useState(false);
  return (
    <Modal title="Your recovery codes">
      <p>
        Each lets you in once when your authenticator is not at hand. They are not shown again: print them, or
        put them into your password manager.
      </p>
      <TextBlock label="Recovery codes" text={codes.join('\n')} copied="Recovery codes copied">
        <Button onClick={() => print()}>Print</Button>
      </TextBlock>
      <label className={styles['stored']}>
        <input type="checkbox" checked={stored} onChange={(event) => setStored(event.target.checked)} />I have
        stored them in a safe place
      </label>
      <div className={styles['buttons']}>
        <Button kind="primary" busy={!stored} onClick={onStored}>
          Done
        </Button>
      </div>
    </Modal>
  );
}
