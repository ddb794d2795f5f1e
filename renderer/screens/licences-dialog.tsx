import { useAction, useReply } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { about as t } from '../texts/en/about.ts';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Reading } from '../ui/reading.tsx';
import { ScrolledText } from '../ui/text-block.tsx';

/** The licences of Latchkey and of the packages in it; those of Chromium are a page for the browser. */
export function LicencesDialog({ onClose }: { onClose(): void }) {
  const { reply: licences, problem, again } = useReply('readLicences');
  const open = useAction();

  return (
    <Modal
      title={t.licences}
      wide
      onEscape={onClose}
      footer={
        <>
          {licences?.hasChromium === true && (
            <Button
              busy={open.busy}
              onClick={() => void open.run('openOwnFile', { file: 'chromium-licences' })}
            >
              {t.openThoseOfChromium}
            </Button>
          )}
          <Button onClick={onClose}>{common.close}</Button>
        </>
      }
    >
      {licences === undefined && <Reading problem={problem} onAgain={again} />}
      <ProblemPanel problem={open.problem} />
      {licences !== undefined && <ScrolledText label={t.textOfTheLicences} text={licences.text} />}
    </Modal>
  );
}
