import { useEffect, useState } from 'react';
import type { LatchkeyBridge } from '../main/contract/bridge.ts';
import type { Start } from '../main/contract/shapes.ts';
import { App } from './app.tsx';
import { BridgeContext } from './bridge.ts';
import { Faults } from './screens/faults.tsx';
import { showLanguage, useLanguage } from './texts/language.ts';
import { Announcer } from './ui/announcer.tsx';

/** The window: what keeps Latchkey from starting, or all the rest. */
export function Started({ bridge }: { bridge: LatchkeyBridge }) {
  const [start, setStart] = useState<Start>();
  useEffect(() => {
    async function begin(): Promise<void> {
      const outcome = await bridge.getStart({});
      if (!outcome.ok) return;
      // Before anything is drawn, so that nobody sees another language first.
      await showLanguage(outcome.reply.language ?? 'en');
      setStart(outcome.reply);
    }
    void begin();
  }, [bridge]);
  useLanguage(start?.language);
  if (start === undefined) return null;
  if (start.kind === 'running') return <App bridge={bridge} />;
  return (
    <BridgeContext value={bridge}>
      <Announcer>
        <Faults start={start} onTried={setStart} />
      </Announcer>
    </BridgeContext>
  );
}
