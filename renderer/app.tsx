import { useState } from 'react';
import { assertNever } from '../main/contract/errors.ts';
import type { LatchkeyBridge } from '../main/contract/ipc.ts';
import type { AppState } from '../main/contract/state.ts';
import { BridgeContext, useAppState } from './bridge.ts';
import { Activity } from './screens/activity.tsx';
import { Home } from './screens/home.tsx';
import { Settings } from './screens/settings.tsx';
import { SignIn } from './screens/sign-in.tsx';
import { Announcer } from './ui/announcer.tsx';
import { Frame, type Place } from './ui/frame.tsx';
import { Callout, ProblemPanel } from './ui/problem-panel.tsx';

export function App({ bridge }: { bridge: LatchkeyBridge }) {
  const state = useAppState(bridge);
  const [place, setPlace] = useState<Place>('home');
  if (state === undefined) return null;

  return (
    <BridgeContext value={bridge}>
      <Announcer>
        <Frame state={state} place={place} onPlace={setPlace} notices={<Notices state={state} />}>
          <Screen state={state} place={place} />
        </Frame>
      </Announcer>
    </BridgeContext>
  );
}

function Screen({ state, place }: { state: AppState; place: Place }) {
  switch (place) {
    case 'home':
      return state.signIn.kind === 'signed-in' ? (
        <Home state={state} signIn={state.signIn} />
      ) : (
        <SignIn state={state} signIn={state.signIn} />
      );
    case 'activity':
      return <Activity state={state} />;
    case 'settings':
      return <Settings state={state} />;
    default:
      return assertNever(place);
  }
}

/** What matters on every screen. */
function Notices({ state }: { state: AppState }) {
  return (
    <>
      {state.localTenant && (
        <Callout icon="alert" title="This is a local test tenant, not Microsoft">
          Sign-ins go to a stand-in on this computer. Do not enter a real password.
        </Callout>
      )}
      {state.audit.kind === 'failed' && <ProblemPanel problem={state.audit.problem} />}
    </>
  );
}
