import { useState } from 'react';
import { bundleText } from '../../main/contract/bundle-text.ts';
import { useAction, useReply } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import layout from '../ui/layout.module.css';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScrolledText } from '../ui/text-block.tsx';
import styles from './support-dialog.module.css';

/** The support bundle, to be looked through and then saved as it is shown. */
export function SupportDialog({ onClose }: { onClose(): void }) {
  const { reply, problem } = useReply('makeSupportBundle');
  const text = reply && bundleText(reply.bundle);

  return (
    <Modal
      title="Support bundle"
      wide
      onEscape={onClose}
      footer={<Footer isMade={text !== undefined} onClose={onClose} />}
    >
      <p>
        Look through it before you send it. Placeholders such as <code>host-2</code> stand for names of people
        and places, for ids and for files; equal ones are the same thing.
      </p>
      <ProblemPanel problem={problem} />
      {text === undefined && problem === undefined && (
        <output className={layout['soft']}>Gathering; the doctor looks at everything once…</output>
      )}
      {text !== undefined && <ScrolledText label="Text of the support bundle" text={text} />}
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
    announce(`Written to ${done.reply.path}.`);
  }

  return (
    <>
      {path !== undefined && (
        <p className={styles['saved']}>
          <Icon name="check" size={18} />
          <span>
            Written to <Name>{path}</Name>
          </span>
        </p>
      )}
      <ProblemPanel problem={save.problem} onDismiss={save.dismiss} />
      <Button onClick={onClose}>Close</Button>
      {isMade && (
        <Button kind="primary" busy={save.busy} onClick={() => void saveIt()}>
          Save…
        </Button>
      )}
    </>
  );
}
