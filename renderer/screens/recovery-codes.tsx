import { security as t } from '../texts/en/security.ts';
import { common } from '../texts/en/common.ts';
import { useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { TextBlock } from '../ui/text-block.tsx';
import styles from './recovery-codes.module.css';

/** Shown once. The only way out is to say that they are stored, so that nobody loses them by a slip. */
export function RecoveryCodes({ codes, onStored }: { codes: string[]; onStored: () => void }) {
  const [stored, setStored] = useState(false);
  return (
    <Modal title={t.yourRecoveryCodes}>
      <p>{t.eachLetsYouInOnceWhen}</p>
      <TextBlock label={t.recoveryCodes} text={codes.join('\n')} copied={t.recoveryCodesCopied}>
        <Button onClick={() => print()}>{t.print}</Button>
      </TextBlock>
      <label className={styles['stored']}>
        <input type="checkbox" checked={stored} onChange={(event) => setStored(event.target.checked)} />
        {t.iHaveStoredThemInA}
      </label>
      <div className={styles['buttons']}>
        <Button kind="primary" busy={!stored} onClick={onStored}>
          {common.done}
        </Button>
      </div>
    </Modal>
  );
}
