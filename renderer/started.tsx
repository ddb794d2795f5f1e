import { useEffect, useState } from 'react';
import type { LatchkeyBridge } from '../main/contract/bridge.ts';
import type { Start } from '../main/contract/shapes.ts';
import { App } from './app.tsx';
import { ask, BridgeContext, useTurn } from './bridge.ts';
import type { Problem } from '../main/contract/errors.ts';
import { late } from './late.tsx';
import { showLanguage, useLanguage } from './texts/language.ts';
import { Announcer } from './ui/announcer.tsx';
import { Reading } from './ui/reading.tsx';

const Faults = late(async () => (await import('./screens/faults.tsx')).Faults, null);

/** The window: what keeps Latchkey from starting, or all the rest. */
export function Started({ bridge }: { bridge: LatchkeyBridge }) {
  const [start, setStart] = useState<Start>();
  const [problem, setProblem] = useState<Problem>();
  const [turn, again] = useTurn();
  useEffect(() => {
    async function begin(): Promise<void> {
      const outcome = await ask(bridge, 'getStart', {});
      // Each turn asks anew.
      setProblem(outcome.ok || turn < 0 ? undefined : outcome.problem);
      if (!outcome.ok) return;
      // Before anything is drawn, so that nobody sees another language first.
      await showLanguage(outcome.reply.language ?? 'en');
      setStart(outcome.reply);
    }
    void begin();
  }, [bridge, turn]);
  useLanguage(start?.language);
  if (start === undefined)
    return (
      <main>
        <Reading problem={problem} onAgain={again} />
      </main>
    );
  if (start.kind === 'running') return <App bridge={bridge} />;
  return (
    <BridgeContext value={bridge}>
      <Announcer>
        <Faults start={start} onTried={setStart} />
      </Announcer>
    </BridgeContext>
  );
}
