import { defined } from '../base/defined.ts';
import { checkOrganisation, type LoadedConfiguration } from '../config/load.ts';

import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import { isRecord } from '../config/yaml/render.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Forbidden } from '../contract/forbidden.ts';
import type { LookedAtOrganisation } from '../contract/shapes.ts';
import type { Taken } from './intake.ts';
import { bundleLayer } from './source.ts';

const forbids: Record<Forbidden, string> = {
  providers: 'providers',
  connections: 'connections',
  'break-glass': 'break-glass accounts',
  commands: 'connections that run programs',
};

/** A bundle for whoever is to decide about it. */
export function lookedAt({ address, bundle }: Pick<Taken, 'address' | 'bundle'>): LookedAtOrganisation {
  const { organisation, serial, issuedAt, notAfter } = bundle.payload;
  return {
    organisation,
    url: address.url,
    fingerprint: bundle.signedBy,
    serial,
    issuedAt,
    ...defined({ notAfter }),
    hash: bundle.hash,
    sets: whatItSets(checkOrganisation(bundleLayer(bundle, address))),
  };
}

/**
 * What an organisation sets, in sentences for whoever is about to join: where they would sign in, to which databases, and
 * which programs would run as them.
 */
function whatItSets({ configuration, layers }: LoadedConfiguration): string[] {
  const { value = {}, locked = [], forbid = [] } = layers.organisation ?? {};
  const others = Object.keys(isRecord(value) ? value : {}).filter(
    (key) => !['providers', 'connections', '$schema'].includes(key),
  );
  return [
    ...configuration.providers.map(signInAt),
    ...configuration.connections.map(
      ({ name, protocol, upstream }) => `Database "${name}": ${protocol} at ${upstream.host}.`,
    ),
    ...configuration.connections.flatMap(programsOf),
    ...(others.length === 0 ? [] : [`Settings: ${others.join(', ')}.`]),
    ...(locked.length === 0
      ? []
      : [`You cannot change: ${locked.map(({ path }) => path.join('.')).join(', ')}.`]),
    ...(forbid.length === 0
      ? []
      : [`You cannot have, of your own: ${forbid.map((what) => forbids[what]).join(', ')}.`]),
  ];
}

function signInAt(provider: Configuration['providers'][number]): string {
  return provider.type === 'local'
    ? `Break-glass accounts, as "${provider.name}".`
    : `Sign-in "${provider.name}": ${provider.authority}, application ${provider.applicationId}.`;
}

/** @throws LatchkeyError `request-refused` for a bundle that names programs to run */
export function refusePrograms({ bundle, address }: Pick<Taken, 'address' | 'bundle'>): void {
  const { configuration } = checkOrganisation(bundleLayer(bundle, address));
  if (!configuration.connections.some((one) => programsOf(one).length > 0)) return;
  throw new LatchkeyError(
    'request-refused',
    'What this organisation sets runs programs on this computer, and nobody has proved here that it is they who join.',
    { remedy: 'End Latchkey, and join in a terminal: latchkey join <address>' },
  );
}

/** Whoever joins lets these run with all that they may do themselves. */
function programsOf({ name, upstream, rules }: ConnectionSettings): string[] {
  const { via } = upstream;
  const commands = [
    ...(via !== undefined && 'command' in via ? [via.command] : []),
    ...(via !== undefined && 'ssh' in via ? [['ssh', via.ssh]] : []),
    ...rules.flatMap(({ password }) =>
      password !== undefined && 'command' in password ? [password.command] : [],
    ),
  ];
  const shown = new Set(commands.map((command) => command.join(' ')));
  return [...shown].map((command) => `Runs a program on this computer, as you, for "${name}": ${command}`);
}
