import { defined } from '../base/defined.ts';
import { fill, fillShown, shownPassword } from './fill.ts';
import { findTool, settingsFor, toolsFor } from './tools.ts';
import type { Place, Settings, Tool } from './types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ConnectSettings, ConnectTool } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { MadeHandle } from '../contract/shapes.ts';
import { accountForConnection } from '../contract/which-account.ts';
import { expandPath, planSettings, writePlans } from './settings-files.ts';
import { findProgram, odbcDrivers, openTool, thisSystem } from './tool-programs.ts';

/** Makes handles for an account that is signed in, and ends them. */
export interface HandleIssuer {
  make(request: { connection: string; role?: string; as?: string; tool: string }): Promise<HandlePlace>;
  revoke(id: string): Promise<unknown>;
}
type HandlePlace = Pick<MadeHandle, 'id' | 'handle' | 'username' | 'host' | 'port' | 'database'>;

/** What a place has beside what the state says. */
export type PlaceExtras = Pick<Place, 'command'> &
  Partial<Pick<Place, 'role' | 'name' | 'as' | 'authorityFile'>>;

type ConnectState = Pick<AppState, 'connections' | 'accounts' | 'chosenAccount'>;

/**
 * A connection of the state as the settings of tools want it.
 * @throws LatchkeyError `connection-unknown`; `sign-in-required` or `account-ambiguous`, since the settings have the
 *   person's name; `not-allowed` where none of several accounts may use it
 */
export async function placeOf(
  state: ConnectState,
  name: string,
  tool: Pick<Tool, 'id'>,
  extras: PlaceExtras,
): Promise<Place> {
  const connection = state.connections.find((candidate) => candidate.name === name);
  if (connection === undefined) {
    throw new LatchkeyError('connection-unknown', `There is no connection "${name}".`, {
      remedy: 'See them with: latchkey connections',
    });
  }
  const { accounts, chosenAccount } = state;
  if (accounts.length === 0) {
    throw new LatchkeyError(
      'sign-in-required',
      'Nobody is signed in, and the settings have your sign-in name.',
      { remedy: 'Sign in with: latchkey login' },
    );
  }
  const able = accounts.filter(({ account: { objectId } }) => mayUse(connection, objectId, extras.role));
  const { account } = accountForConnection(name, accounts, able, { as: extras.as, chosen: chosenAccount });
  const { title, protocol, host, port, socketDirectory, socketPath, database, requireTls, clientAuth } =
    connection;
  return {
    connection: name,
    title,
    protocol,
    host,
    port,
    database,
    username: account.username,
    ...defined({ socketDirectory, socketPath, clientAuth }),
    ...(requireTls === true ? { requireTls } : {}),
    ...extras,
    // Whatever is signed in when they are used: they are this account's.
    ...(able.length > 1 || extras.as !== undefined ? { as: account.objectId } : {}),
    system: thisSystem(),
    ...(['odbc', 'excel', 'powerbi', 'tableau'].includes(tool.id)
      ? { odbcDrivers: await odbcDrivers() }
      : {}),
  };
}

/** By the grants, which say whose they are. */
function mayUse(
  { grants }: AppState['connections'][number],
  account: string,
  role: string | undefined,
): boolean {
  return grants.some((grant) => grant.objectId === account && (role === undefined || grant.role === role));
}

/**
 * Makes a handle and has it put where the tool wants it. Where that fails the handle is revoked: a password that
 * reached no file must not stay good.
 */
export async function withHandle<Result>(
  tool: Tool,
  place: Place,
  issuer: HandleIssuer,
  use: (settings: Settings, handle: HandlePlace) => Promise<Result>,
): Promise<Result> {
  const made = await issuer.make({
    connection: place.connection,
    // What the person reads where handles are listed; 60 characters at most.
    tool: (place.name === undefined ? tool.id : `${tool.id} ${place.name}`).slice(0, 60),
    ...defined({ role: place.role, as: place.as }),
  });
  try {
    const { username, host, port, database } = made;
    return await use(settingsFor(tool.id, { ...place, username, host, port, database }), made);
  } catch (thrown) {
    // Where the broker has gone it cannot be used either.
    await issuer.revoke(made.id).catch(() => undefined);
    throw thrown;
  }
}

/** What the window asks about tools. Each rejects for a connection or a tool that there is not. */
export function createConnectService(options: {
  state(): ConnectState;
  issuer: HandleIssuer;
  /** How this installation's `latchkey` command is called. */
  command: string[];
  /** The certificate authority of the gateways. */
  authorityFile: string | undefined;
}) {
  const { issuer, command, authorityFile } = options;
  const look = async (
    connection: string,
    id: string,
    as: string | undefined,
    role: string | undefined,
  ): Promise<{ tool: Tool; place: Place; settings: Settings }> => {
    const tool = findTool(id);
    const extras = { command, ...defined({ authorityFile, as, role }) };
    const place = await placeOf(options.state(), connection, tool, extras);
    return { tool, place, settings: settingsFor(tool.id, place) };
  };
  return {
    async tools(connection: string): Promise<ConnectTool[]> {
      const found = options.state().connections.find(({ name }) => name === connection);
      if (found === undefined) return [];
      return toolsFor(found.protocol, thisSystem()).map((tool) => ({
        id: tool.id,
        title: tool.title,
        installed: findProgram(tool) !== undefined,
      }));
    },

    async settings(connection: string, id: string, as?: string, role?: string): Promise<ConnectSettings> {
      const { tool, settings } = await look(connection, id, as, role);
      const { title, needs, steps, fields, texts, files, open } = fillShown(settings, shownPassword);
      return {
        title,
        needs,
        steps,
        fields: fields.map(({ label, value }) => ({ label, value })),
        texts: texts.map(({ label, language, text }) => ({ label, language, text })),
        files: files.map(({ paths, merge, secret }) => ({
          path: paths.map(expandPath).find((path) => path !== undefined) ?? paths[0] ?? '',
          note: [
            merge.kind === 'whole'
              ? 'A file of its own.'
              : 'What is yours in it stays; a copy of it as it was is kept beside it.',
            ...(secret ? ['It gets a password that may be saved.'] : []),
          ].join(' '),
        })),
        // A window has no terminal to run the others in.
        canOpen: open !== undefined && !open.terminal && findProgram(tool) !== undefined,
      };
    },

    async text(connection: string, id: string, index: number, as?: string, role?: string): Promise<string> {
      const { settings } = await look(connection, id, as, role);
      const entry = settings.texts[index];
      if (entry === undefined) throw new LatchkeyError('request-invalid', 'There is no such text.');
      return fill(entry.text, shownPassword);
    },

    async field(connection: string, id: string, index: number, as?: string, role?: string): Promise<string> {
      const { settings } = await look(connection, id, as, role);
      const entry = settings.fields[index];
      if (entry === undefined) throw new LatchkeyError('request-invalid', 'There is no such field.');
      return fill(entry.value, shownPassword);
    },

    async write(connection: string, id: string, as?: string, role?: string): Promise<string[]> {
      const { tool, place, settings } = await look(connection, id, as, role);
      if (settings.files.length === 0) {
        throw new LatchkeyError('request-invalid', `${tool.title} has no file that could be written.`, {
          remedy: 'Enter the fields in its dialog.',
        });
      }
      // Everything that can be refused is refused before a password is issued.
      const plans = await planSettings(settings);
      const written = settings.files.some(({ secret }) => secret)
        ? await withHandle(tool, place, issuer, async (final, { handle }) =>
            writePlans(await planSettings(final, { password: handle })),
          )
        : await writePlans(plans);
      return written.map(({ path }) => path);
    },

    async open(connection: string, id: string, as?: string, role?: string): Promise<void> {
      const { tool, settings } = await look(connection, id, as, role);
      const found = findProgram(tool);
      if (settings.open === undefined || settings.open.terminal || found === undefined) {
        throw new LatchkeyError('command-failed', `${tool.title} cannot be opened from here.`, {
          remedy: 'Start it yourself.',
        });
      }
      await openTool(found, settings.open, undefined);
    },
  };
}
