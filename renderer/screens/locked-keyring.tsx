import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Button } from '../ui/button.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';

/** The system has asked for the keyring's password at the start; here it is asked to do so again. */
export function LockedKeyring({ seal }: { seal: AppState['seal'] }) {
  const unlock = useAction();
  if (seal.waiting !== true) return null;
  return (
    <Callout icon="shield" title={t.yourStoredSignInPasswordsAnd}>
      <p>{seal.reason}</p>
      {seal.canAsk === true && (
        <p>
          <Button busy={unlock.busy} onClick={() => void unlock.run('unlockKeyring', {})}>
            {t.unlockTheKeyring}
          </Button>
        </p>
      )}
      <ProblemPanel problem={unlock.problem} />
    </Callout>
  );
}
