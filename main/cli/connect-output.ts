import { fill, shownPassword, textOf } from '../connect/fill.ts';
import { masked } from '../connect/merge.ts';
import { tools } from '../connect/tools.ts';
import { inTheWay, noSuchFile } from '../connect/client-variables.ts';
import { revocationList } from '../connect/libpq.ts';
import type { Protocol, Settings } from '../connect/types.ts';
import { expandPath, type Plan, type Written } from '../connect/settings-files.ts';
import { findProgram } from '../connect/tool-programs.ts';
import { plain } from './output.ts';

export const nothingToWrite = 'This tool has no file that could be written; enter the fields in its dialog.';

/** A line of a file, whose bytes came as latin1, without any password. */
function shownLine(line: string): string {
  return plain(fill(masked(Buffer.from(line, 'latin1').toString('utf8').trimEnd()), shownPassword));
}

/** As a person writes it: with `~`, and with what a variable says in its place. */
function shownPath(path: string): string {
  return path.startsWith('$') ? (expandPath(path) ?? path) : path;
}

export interface Change {
  path: string;
  removed: string[];
  added: string[];
}

/** What a file would lose and get, with no password in it: of lines that stay nothing is shown. */
export function changeOf({ path, merged }: Plan): Change {
  return { path, removed: merged.removed.map(shownLine), added: merged.added.map(shownLine) };
}

export function describeChange({ path, removed, added }: Change): string {
  if (removed.length + added.length === 0) return `${path}: no change`;
  return [path, ...removed.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)].join('\n');
}

/** Settings for a person: with the password that was issued, or with a word in its place. */
export function describe(
  settings: Settings,
  written: readonly Written[],
  { protocol, ...options }: { write: boolean; protocol: Protocol },
  password: string,
): string {
  const { title, steps, fields, texts, files } = settings;
  const width = Math.max(...fields.map(({ label }) => label.length));
  const indented = (text: string): string =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => `    ${plain(line)}`)
      .join('\n');
  const parts = [
    title,
    steps.map((step, index) => `${index + 1}. ${plain(step)}`).join('\n'),
    fields.map(({ label, value }) => `  ${label.padEnd(width)}  ${plain(fill(value, password))}`).join('\n'),
    ...texts.map(({ label, text }) => `  ${label}\n${indented(fill(text, password))}`),
  ];
  const names = files.length === 0 ? [] : inTheWay(protocol, 'files', process.env);
  if (names.length > 0)
    parts.push(`In the way, where your shell has them: ${names.join(', ')}. Unset them for these settings.`);
  const list = protocol === 'postgresql' ? revocationList(process.env) : undefined;
  if (list !== undefined)
    parts.push(
      `In the way of what is built on libpq: ${list}, which knows nothing of Latchkey's authority. Start such programs with PGSSLCRL=${noSuchFile}, or move the file.`,
    );
  if (options.write) {
    parts.push(
      written
        .map(({ path, changed, backup }) => {
          if (!changed) return `Unchanged: ${path}`;
          return `Written: ${path}${backup === undefined ? '' : `\n  as it was before: ${backup}`}`;
        })
        .join('\n') || nothingToWrite,
    );
  } else {
    parts.push(
      ...files.map(
        (file) =>
          `  ${shownPath(file.paths[0] ?? '')} (--write puts it there)\n${indented(fill(textOf(file), password))}`,
      ),
    );
  }
  const wanted = fields.some(({ secret }) => secret === true) || texts.some(({ secret }) => secret === true);
  if (password === shownPassword && wanted && !(options.write && files.some(({ secret }) => secret))) {
    parts.push(
      `For ${shownPassword} add --show-password: a password that may be saved is issued and printed once.`,
    );
  }
  return parts.join('\n\n');
}

export interface Listed {
  id: string;
  title: string;
  protocols: readonly string[];
  needs: string;
  installed: string | undefined;
}

export function listTools(): Listed[] {
  return tools.map(({ id, title, protocols, needs, programs }) => ({
    id,
    title,
    protocols,
    needs,
    installed: findProgram({ programs }),
  }));
}

export function describeTools(list: readonly Listed[]): string {
  const width = Math.max(...list.map(({ id }) => id.length));
  return list
    .map(
      ({ id, title, protocols, installed }) =>
        `${id.padEnd(width)}  ${installed === undefined ? '         ' : 'installed'}  ${title} (${protocols.join(', ')})`,
    )
    .join('\n');
}
