import { useEffect } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';

/** The gateways were started anew: what it meant for open sessions, until the person has seen it. */
export function GatewayRestart({ state: { gatewayRestart } }: { state: AppState }) {
  if (gatewayRestart === undefined) return null;
  return <Told key={gatewayRestart.at} {...gatewayRestart} />;
}

function Told({ at, sessions }: NonNullable<AppState['gatewayRestart']>) {
  const dismissal = useAction();
  const announce = useAnnounce();
  const now = useNow(60_000);
  const title = t.theGatewaysWereRestartedAt(timeOfDay(at, now));
  const text = t.sessionsThroughThemEnded(sessions);
  // Once, and not again in the minute after.
  useEffect(
    () =>
      announce(
        `${t.theGatewaysWereRestartedAt(timeOfDay(at, Date.parse(at)))} ${t.sessionsThroughThemEnded(sessions)}`,
      ),
    [announce, at, sessions],
  );

  async function dismiss(): Promise<void> {
    if ((await dismissal.run('dismissGatewayRestart', {})) === undefined) return;
    // The button goes with its call-out.
    document.querySelector('h1')?.focus();
  }

  return (
    <Callout icon="clock" title={title}>
      <p>{text}</p>
      <p>
        <Button busy={dismissal.busy} onClick={() => void dismiss()}>
          {common.dismiss}
        </Button>
      </p>
      <ProblemPanel problem={dismissal.problem} />
    </Callout>
  );
}
