import { inWindow, pathOf, rooms, type Room } from './rooms.ts';

const rule = 'no-restricted-imports';

interface LintConfiguration {
  overrides: { files: string[]; rules: Record<string, unknown> }[];
}

/** The text of the linter's configuration with the layers of the table in place of its own; all else stays. */
export function withLayers(text: string): string {
  const configuration = JSON.parse(text) as LintConfiguration;
  const overrides = configuration.overrides.filter(({ rules }) => !(rule in rules));
  const start = '"overrides": [\n';
  // One line for each room, so that a change of one shows as one.
  const lines = layers().map((layer) => `    ${JSON.stringify(layer)},\n`);
  const rest = JSON.stringify({ ...configuration, overrides }, undefined, 2);
  return `${rest.replace(start, () => start + lines.join(''))}\n`;
}

function layers(): LintConfiguration['overrides'] {
  // An override counts more than those before it, so a room inside another one follows it.
  return rooms
    .toSorted((left, right) => (pathOf(left.name) < pathOf(right.name) ? -1 : 1))
    .map((room) => ({
      files: [pathOf(room.name).replace(/\/$/, '/**')],
      rules: { [rule]: ['error', { patterns: [roomPattern(room), ...packagePatterns(room)] }] },
    }));
}

const quote = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function roomPattern({ name, imports }: Room) {
  const forbidden = rooms
    .map((other) => other.name)
    // From a room to the one around it, "../" says nothing; the test of the imports sees those.
    .filter((other) => other !== name && !imports.includes(other) && !pathOf(name).startsWith(pathOf(other)))
    .map((other) => quote(tailOf(pathOf(name), pathOf(other))))
    .toSorted();
  const up = name.endsWith('.ts') ? String.raw`\./|(\.\./)+` : String.raw`(\.\./)+`;
  const allowed = imports.length === 0 ? 'no other room' : `only ${imports.toSorted().join(', ')}`;
  return {
    regex: `^(${up})(${forbidden.map((tail) => (tail.endsWith('/') ? tail : `${tail}$`)).join('|')})`,
    message: `${pathOf(name)} may import ${allowed}: tests/structure/rooms.ts.`,
  };
}

/** What an import of `to` has behind its "../", seen from `from`: both without the folders that they share. */
function tailOf(from: string, to: string): string {
  const [here, there] = [from, to].map((path) => path.split('/')) as [string[], string[]];
  const shared = there.findIndex((part, index) => part !== here[index]);
  return there.slice(shared).join('/');
}

function packagePatterns({ name, packages }: Room) {
  const reserved = [...new Set(rooms.flatMap((room) => room.packages))].toSorted();
  const others = reserved.filter((wanted) => !packages.includes(wanted)).map(quote);
  const regex = `^(${others.join('|')})(/|$)`;
  const message = `${pathOf(name)} may not import this package; tests/structure/rooms.ts says who may.`;
  const node = { regex: '^node:', message: `${pathOf(name)} runs in the window, which has nothing of Node.` };
  return [{ regex, message }, ...(inWindow.includes(name) ? [node] : [])];
}

/** The rooms that alone may import a package; empty where everybody may. */
export function ownersOf(wanted: string): string[] {
  return rooms.filter(({ packages }) => packages.includes(wanted)).map(({ name }) => pathOf(name));
}
