import { useCallback, useMemo, useState } from 'react';
import { assertNever } from '../main/contract/errors.ts';
import type { LatchkeyBridge } from '../main/contract/bridge.ts';
import type { AppState, ShownProblem, SinkState } from '../main/contract/state.ts';
import { BridgeContext, useAppState } from './bridge.ts';
import { late, Loading } from './late.tsx';
import { AccountMenu } from './screens/account-menu.tsx';
import { AccountsProvider } from './screens/accounts.tsx';
import type { ConnectionTarget } from './screens/connections.tsx';
import { isFirstRun } from './screens/is-first-run.ts';
import { ChangedConfiguration, GatewayRestart, LeftOut } from './screens/late-parts.ts';
import type { Ways } from './screens/lacks.tsx';
import { OpenedLink } from './screens/opened-link.tsx';
import { ListKeys } from './screens/list-keys.tsx';
import { PaletteKey } from './screens/palette-commands.tsx';
import { type Panes, usePanes } from './screens/panes.ts';
import { HiddenPrompts, Prompts, usePrompts } from './screens/prompts.tsx';
import { StepUp } from './screens/step-up.tsx';
import { frame as t } from './texts/en/frame.ts';
import { locale, useLanguage } from './texts/language.ts';
import { Announcer } from './ui/announcer.tsx';
import { Drafts } from './ui/drafts.tsx';
import { ErrorBoundary } from './ui/error-boundary.tsx';
import { Frame, type Place } from './ui/frame.tsx';
import { type OwnProblem, saidOf } from './ui/said.ts';
import { Callout, ProblemPanel } from './ui/problem-panel.tsx';

const none: AppState['prompts'] = [];

// Each screen is read when it is first shown.
const About = late(async () => (await import('./screens/about.tsx')).About);
const Activity = late(async () => (await import('./screens/activity.tsx')).Activity);
const Audit = late(async () => (await import('./screens/audit.tsx')).Audit);
const Connections = late(async () => (await import('./screens/connections.tsx')).Connections);
const Doctor = late(async () => (await import('./screens/doctor.tsx')).Doctor);
const FirstRun = late(async () => (await import('./screens/first-run.tsx')).FirstRun);
const Home = late(async () => (await import('./screens/home.tsx')).Home);
const Providers = late(async () => (await import('./screens/providers.tsx')).Providers);
const Security = late(async () => (await import('./screens/security.tsx')).Security);
const Settings = late(async () => (await import('./screens/settings.tsx')).Settings);
const SignIn = late(async () => (await import('./screens/sign-in.tsx')).SignIn);
const Tools = late(async () => (await import('./screens/tools.tsx')).Tools);

/** The place of the window, and what another one has led to there. */
interface Shown {
  place: Place;
  target?: ConnectionTarget;
}

export function App({ bridge }: { bridge: LatchkeyBridge }) {
  const state = useAppState(bridge);
  useLanguage(state?.language);
  const [{ place, target }, setShown] = useState<Shown>({ place: 'home' });
  const setPlace = useCallback(
    (next: Place, at?: ConnectionTarget): void =>
      setShown({ place: next, ...(at === undefined ? {} : { target: at }) }),
    [],
  );
  const prompts = usePrompts(state?.prompts ?? none);
  const panes = usePanes();
  const adding = useAdding(state);
  const { isFirst, end } = useFirstRun(state);
  if (state === undefined) return <Loading />;

  const add = (): void => {
    setPlace('home');
    adding.begin();
  };
  const notices = (
    <>
      <HiddenPrompts state={state} places={prompts} />
      <Notices state={state} />
    </>
  );
  return (
    <BridgeContext value={bridge}>
      <Announcer>
        <AccountsProvider state={state}>
          <StepUp state={state} onSignIn={() => setPlace('home')}>
            {isFirst ? (
              <FirstRun state={state} notices={notices} onDone={end} />
            ) : (
              <>
                <Frame
                  state={state}
                  place={place}
                  onPlace={setPlace}
                  notices={notices}
                  account={<AccountMenu state={state} onAdd={add} />}
                >
                  <Drafts>
                    <ErrorBoundary key={place}>
                      <Screen
                        state={state}
                        place={place}
                        target={target}
                        panes={panes}
                        adding={adding}
                        onPlace={setPlace}
                      />
                    </ErrorBoundary>
                  </Drafts>
                </Frame>
                <ListKeys state={state} place={place} panes={panes} onPlace={setPlace} />
                <PaletteKey state={state} panes={panes} onPlace={setPlace} onAdd={add} />
              </>
            )}
            <OpenedLink state={state} panes={panes} onPlace={setPlace} />
            <Prompts state={state} places={prompts} />
          </StepUp>
        </AccountsProvider>
      </Announcer>
    </BridgeContext>
  );
}

/** It begins where nothing is set up, and goes on until its end or until an organisation brings all settings along. */
function useFirstRun(state: AppState | undefined) {
  const [has, setHas] = useState<'begun' | 'ended'>();
  const begins = state !== undefined && isFirstRun(state);
  if (has === undefined && state !== undefined) setHas(begins ? 'begun' : 'ended');
  if (has === 'begun' && state?.joinedOrganisation !== undefined) setHas('ended');
  return { isFirst: has === 'begun', end: () => setHas('ended') };
}

interface Adding {
  isAdding: boolean;
  begin(): void;
  end(): void;
}

/** The sign-in of one more account; over as soon as somebody has signed in. */
function useAdding(state: AppState | undefined): Adding {
  const last = state?.accounts.at(-1);
  const newest = last && `${last.account.objectId} ${last.since}`;
  const [after, setAfter] = useState<string>();
  return {
    isAdding: after !== undefined && after === newest,
    begin: () => setAfter(newest),
    end: () => setAfter(undefined),
  };
}

/** What is open to whoever is signed in; or the sign-in of a first or of one more. */
function Access(props: { state: AppState; ways: Ways; panes: Panes; adding: Adding; onProviders(): void }) {
  const { state, adding, onProviders } = props;
  const { signIn, signInProblem: problem } = state;
  if (signIn.kind !== 'signed-in') return <SignIn state={state} signIn={signIn} onProviders={onProviders} />;
  if (!adding.isAdding) return <Home state={state} ways={props.ways} panes={props.panes} />;
  return (
    <SignIn
      state={state}
      signIn={{ kind: 'signed-out', ...(problem === undefined ? {} : { problem }) }}
      onProviders={onProviders}
      onBack={adding.end}
    />
  );
}

function Screen(props: {
  state: AppState;
  place: Place;
  target: ConnectionTarget | undefined;
  panes: Panes;
  adding: Adding;
  onPlace(place: Place, target?: ConnectionTarget): void;
}) {
  const { state, place, target, onPlace } = props;
  const ways = useMemo(
    () => ({
      connection: (at: ConnectionTarget) => onPlace('connections', at),
      security: () => onPlace('security'),
      home: () => onPlace('home'),
      audit: () => onPlace('audit'),
      administer: () => onPlace('connections'),
    }),
    [onPlace],
  );
  switch (place) {
    case 'home':
      return (
        <Access
          state={state}
          panes={props.panes}
          adding={props.adding}
          ways={ways}
          onProviders={() => onPlace('providers')}
        />
      );
    case 'activity':
      return <Activity state={state} ways={ways} />;
    case 'audit':
      return <Audit state={state} />;
    case 'tools':
      return <Tools state={state} onHome={ways.home} />;
    case 'connections':
      return <Connections state={state} target={target} />;
    case 'security':
      return <Security state={state} onSignIn={ways.home} />;
    case 'providers':
      return <Providers state={state} />;
    case 'doctor':
      return <Doctor />;
    case 'settings':
      return <Settings state={state} />;
    case 'about':
      return <About updates={state.updates} />;
    default:
      return assertNever(place);
  }
}

function sinkProblem({ problem, refusesFrom }: NonNullable<SinkState['failing']>): ShownProblem | OwnProblem {
  if (refusesFrom === undefined) return problem;
  const from = new Date(refusesFrom).toLocaleString(locale());
  const { message, remedy, original } = saidOf(problem);
  return {
    own: true,
    code: problem.code,
    message: t.theAuditHasToReachIt(message, from),
    ...(remedy === undefined ? {} : { remedy }),
    ...(original === undefined ? {} : { original }),
  };
}

/** What matters on every screen. */
function Notices({ state }: { state: AppState }) {
  return (
    <>
      {state.localTenant && (
        <Callout icon="alert" title={t.thisIsALocalTestTenant}>
          {t.signInsGoToAStand}
        </Callout>
      )}
      {state.audit.kind === 'failed' && <ProblemPanel problem={state.audit.problem} />}
      {state.sinks?.map(
        ({ name, required, failing }) =>
          required && failing !== undefined && <ProblemPanel key={name} problem={sinkProblem(failing)} />,
      )}
      {state.gatewayRestart !== undefined && <GatewayRestart state={state} />}
      {(state.configurationChange !== undefined || state.needsRestart !== undefined) && (
        <ChangedConfiguration state={state} />
      )}
      {/* Whoever is signed in has it in the list. */}
      {state.accounts.length === 0 && state.faultyConnections !== undefined && <LeftOut state={state} />}
    </>
  );
}
