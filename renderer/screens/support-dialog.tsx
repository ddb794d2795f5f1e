import { useState } from 'react';
import { bundleText } from '../../main/contract/bundle-text.ts';
import { useAction, useReply } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { about as t } from '../texts/en/about.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Reading } from '../ui/reading.tsx';
import { ScrolledText } from '../ui/text-block.tsx';
import styles from './support-dialog.module.css';

/** The support bundle, to be looked through and then saved as it is shown. */
export function SupportDialog({ onClose }: { onClose(): void }) {
  const { reply, problem, again } = useReply('makeSupportBundle');
  const text = reply && bundleText(reply.bundle);

  return (
    <Modal
      title={t.supportBundle}
      wide
      onEscape={onClose}
      footer={<Footer isMade={text !== undefined} onClose={onClose} />}
    >
      <p>{t.lookThroughItBeforeYouSend(<code>host-2</code>)}</p>
      {text === undefined && (
        <Reading problem={problem} onAgain={again}>
          {t.gatheringTheDoctorLooksAt}
        </Reading>
      )}
      {text !== undefined && <ScrolledText label={t.textOfTheSupportBundle} text={text} />}
    </Modal>
  );
}

function Footer({ isMade, onClose }: { isMade: boolean; onClose(): void }) {
  const save = useAction();
  const announce = useAnnounce();
  const [path, setPath] = useState<string>();

  async function saveIt(): Promise<void> {
    const done = await save.run('saveSupportBundle', {});
    if (done?.reply.path === undefined) return;
    setPath(done.reply.path);
    announce(t.writtenTo(done.reply.path));
  }

  return (
    <>
      {path !== undefined && (
        <p className={styles['saved']}>
          <Icon name="check" size={18} />
          <span>{t.writtenToPath(<Name>{path}</Name>)}</span>
        </p>
      )}
      <ProblemPanel problem={save.problem} onDismiss={save.dismiss} />
      <Button onClick={onClose}>{common.close}</Button>
      {isMade && (
        <Button kind="primary" busy={save.busy} onClick={() => void saveIt()}>
          {t.save}
        </Button>
      )}
    </>
  );
}
