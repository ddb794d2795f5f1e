import { type Document, LineCounter, parseDocument } from 'yaml';
import { LatchkeyError, type FileFault } from '../contract/errors.ts';
import type { Fault } from './fault.ts';
import { syntaxFaults } from './yaml/faults.ts';
import { aliasesAtMost } from './yaml/source.ts';

/** The text of one layer of the configuration, as it has been read. */
export interface Layer {
  /** For messages: its file or address. */
  label: string;
  value: unknown;
  /** The line of the value at `path`, or of the nearest thing around it where the value itself is missing. */
  lineOf(path: Fault['path']): number | undefined;
}

/** @throws LatchkeyError `config-invalid` where it is no YAML */
export function parseLayer(text: string, label: string): Layer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const faults = syntaxFaults(text, { document, lines, label });
  if (faults.length > 0) throw invalidConfiguration(label, faults);
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasesAtMost });
    return { label, value: value ?? {}, lineOf: (path) => lineOf(path, document, lines) };
  } catch (cause) {
    const { message } = cause as Error;
    const text = message.startsWith('Excessive alias count')
      ? `Its aliases (such as *name) stand for more than ${aliasesAtMost} values.`
      : message;
    throw invalidConfiguration(label, [{ file: label, text }]);
  }
}

/** @param label whose faults these are; a fault of another file names it */
export function invalidConfiguration(
  label: string,
  faults: readonly FileFault[],
  remedy = 'Correct the lines named; nothing has been changed.',
): LatchkeyError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new LatchkeyError(
    'config-invalid',
    `The configuration ${label} has ${count}:\n${faults.map((fault) => `  ${faultLine(fault, label)}`).join('\n')}`,
    { remedy, faults },
  );
}

function faultLine({ file, line, text }: FileFault, label: string): string {
  return line === undefined ? text : `line ${line}${file === label ? '' : ` of ${file}`}: ${text}`;
}

/** `connections[1].port` */
export function placeText(path: Fault['path']): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

function lineOf(path: Fault['path'], document: Document, lines: LineCounter): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as
      { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
