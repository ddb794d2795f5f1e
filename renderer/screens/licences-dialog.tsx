import { useAction, useReply } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScrolledText } from '../ui/text-block.tsx';

/** The licences of Latchkey and of the packages in it; those of Chromium are a page for the browser. */
export function LicencesDialog({ onClose }: { onClose(): void }) {
  const { reply: licences, problem } = useReply('readLicences');
  const open = useAction();

  return (
    <Modal
      title="Licences"
      wide
      onEscape={onClose}
      footer={
        <>
          {licences?.hasChromium === true && (
            <Button
              busy={open.busy}
              onClick={() => void open.run('openOwnFile', { file: 'chromium-licences' })}
            >
              Open those of Chromium
            </Button>
          )}
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <ProblemPanel problem={problem ?? open.problem} />
      {licences !== undefined && <ScrolledText label="Text of the licences" text={licences.text} />}
    </Modal>
  );
}
