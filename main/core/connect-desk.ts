import { fill, fillShown, shownPassword } from '../connect/fill.ts';
import { findTool, settingsFor, tools } from '../connect/tools.ts';
import type { Place, Settings, Tool } from '../connect/types.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ConnectSettings, ConnectTool } from '../contract/ipc.ts';
import type { AppState } from '../contract/state.ts';
import type { MadeHandle } from './handle-desk.ts';
import { expandPath, planSettings, writePlans } from './settings-files.ts';
import { findProgram, odbcDrivers, openTool, thisSystem } from './tool-programs.ts';

/** Makes handles for the person who is signed in, and ends them. */
export interface HandleIssuer {
  make(request: { connection: string; role?: string; tool: string }): Promise<HandlePlace>;
  revoke(id: string): Promise<unknown>;
}
type HandlePlace = Pick<MadeHandle, 'id' | 'handle' | 'username' | 'host' | 'port' | 'database'>;

/** What a place has beside what the state says. */
export type PlaceExtras = Pick<Place, 'command'> & Partial<Pick<Place, 'role' | 'name' | 'authorityFile'>>;

/**
 * A connection of the state as the settings of tools want it.
 * @param extras.authorityFile left out for PostgreSQL, whose gateway has no TLS
 * @throws LatchkeyError `connection-unknown`; `sign-in-required`, since the settings have the person's name
 */
export async function placeOf(
  state: Pick<AppState, 'connections' | 'signIn'>,
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
  if (state.signIn.kind !== 'signed-in') {
    throw new LatchkeyError(
      'sign-in-required',
      'Nobody is signed in, and the settings have your sign-in name.',
      {
        remedy: 'Sign in with: latchkey login',
      },
    );
  }
  const { title, protocol, host, port, socketDirectory, socketPath, database } = connection;
  const { authorityFile, ...others } = extras;
  return {
    connection: name,
    title,
    protocol,
    host,
    port,
    database,
    username: state.signIn.account.username,
    ...(socketDirectory === undefined ? {} : { socketDirectory }),
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(protocol !== 'postgresql' && authorityFile !== undefined ? { authorityFile } : {}),
    ...others,
    system: thisSystem(),
    ...(['odbc', 'excel', 'powerbi', 'tableau'].includes(tool.id)
      ? { odbcDrivers: await odbcDrivers() }
      : {}),
  };
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
    ...(place.role === undefined ? {} : { role: place.role }),
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
export function createConnectDesk(options: {
  state(): Pick<AppState, 'connections' | 'signIn'>;
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
  ): Promise<{ tool: Tool; place: Place; settings: Settings }> => {
    const tool = findTool(id);
    const extras = { command, ...(authorityFile === undefined ? {} : { authorityFile }) };
    const place = await placeOf(options.state(), connection, tool, extras);
    return { tool, place, settings: settingsFor(tool.id, place) };
  };
  return {
    async tools(connection: string): Promise<ConnectTool[]> {
      const found = options.state().connections.find(({ name }) => name === connection);
      return tools
        .filter(({ protocols }) => found !== undefined && protocols.includes(found.protocol))
        .map((tool) => ({ id: tool.id, title: tool.title, installed: findProgram(tool) !== undefined }));
    },

    async settings(connection: string, id: string): Promise<ConnectSettings> {
      const { tool, settings } = await look(connection, id);
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

    async text(connection: string, id: string, index: number): Promise<string> {
      const { settings } = await look(connection, id);
      const entry = settings.texts[index];
      if (entry === undefined) throw new LatchkeyError('request-invalid', 'There is no such text.');
      return fill(entry.text, shownPassword);
    },

    async write(connection: string, id: string): Promise<string[]> {
      const { tool, place, settings } = await look(connection, id);
      if (settings.files.length === 0) {
        throw new LatchkeyError('request-invalid', `${tool.title} has no file that could be written.`, {
          remedy: 'Enter the fields in its dialog.',
        });
      }
      // Everything that can be refused is refused before a password is issued.
      const plans = await planSettings(settings);
      const written = settings.files.some(({ secret }) => secret)
        ? await withHandle(tool, place, issuer, async (final, { handle }) =>
            writePlans(await planSettings(final, handle)),
          )
        : await writePlans(plans);
      return written.map(({ path }) => path);
    },

    async open(connection: string, id: string): Promise<void> {
      const { tool, settings } = await look(connection, id);
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
