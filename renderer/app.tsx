import { useState } from 'react';
import { assertNever } from '../main/contract/errors.ts';
import type { LatchkeyBridge } from '../main/contract/ipc.ts';
import type { AppState } from '../main/contract/state.ts';
import { BridgeContext, useAppState } from './bridge.ts';
import { Activity } from './screens/activity.tsx';
import { Doctor } from './screens/doctor.tsx';
import { Home } from './screens/home.tsx';
import { HiddenPrompts, Prompts, usePrompts } from './screens/prompts.tsx';
import { Providers } from './screens/providers.tsx';
import { Security } from './screens/security.tsx';
import { Settings } from './screens/settings.tsx';
import { SignIn } from './screens/sign-in.tsx';
import { Tools } from './screens/tools.tsx';
import { Announcer } from './ui/announcer.tsx';
import { Frame, type Place } from './ui/frame.tsx';
import { Callout, ProblemPanel } from './ui/problem-panel.tsx';

const none: AppState['prompts'] = [];

export function App({ bridge }: { bridge: LatchkeyBridge }) {
  const state = useAppState(bridge);
  const [place, setPlace] = useState<Place>('home');
  const prompts = usePrompts(state?.prompts ?? none);
  if (state === undefined) return null;

  const notices = (
    <>
      <HiddenPrompts state={state} places={prompts} />
      <Notices state={state} />
    </>
  );
  return (
    <BridgeContext value={bridge}>
      <Announcer>
        <Frame state={state} place={place} onPlace={setPlace} notices={notices}>
          <Screen state={state} place={place} onPlace={setPlace} />
        </Frame>
        <Prompts state={state} places={prompts} />
      </Announcer>
    </BridgeContext>
  );
}

function Screen(props: { state: AppState; place: Place; onPlace(place: Place): void }) {
  const { state, place, onPlace } = props;
  switch (place) {
    case 'home':
      return state.signIn.kind === 'signed-in' ? (
        <Home state={state} signIn={state.signIn} />
      ) : (
        <SignIn state={state} signIn={state.signIn} onProviders={() => onPlace('providers')} />
      );
    case 'activity':
      return <Activity state={state} />;
    case 'tools':
      return <Tools state={state} />;
    case 'security':
      return <Security state={state} />;
    case 'providers':
      return <Providers state={state} />;
    case 'doctor':
      return <Doctor />;
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
